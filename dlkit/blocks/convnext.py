"""ConvNeXt's block: a transformer's shape, with a convolution in attention's place."""

import keras

from dlkit.blocks.residual import residual
from dlkit.blocks.style import Style
from dlkit.layers import DropPath, LayerScale


def convnext_block(
    x, *, style: Style, name: str, scale: float = 1e-6, drop_path: float = 0.0
) -> keras.KerasTensor:
    """7×7 in each channel, norm, and a perceptron at every pixel: y = γ F(x) + x.

    Source: Liu, Mao, Wu, Feichtenhofer, Darrell, Xie, "A ConvNet for the 2020s", arXiv:2201.03545.

    Args:
        x: `(batch, height, width, channels)`.
        style: whose norm, activation and dense layers.
        name: the block's place; its layers are `{name}_depthwise_conv` … `{name}_add`.
        scale: the first value of γ.
        drop_path: how often training leaves the branch out; see `dlkit.layers.DropPath`.

    Returns:
        As x.
    """
    channels = x.shape[-1]
    # One initializer draws one tensor, so this is made here.
    normal = keras.initializers.TruncatedNormal(stddev=0.02)
    y = keras.layers.DepthwiseConv2D(
        7, padding="same", depthwise_initializer=normal, name=f"{name}_depthwise_conv"
    )(x)
    y = style.norm(name=f"{name}_norm")(y)
    y = style.dense(4 * channels, name=f"{name}_expand")(y)
    y = style.dense(channels, name=f"{name}_project")(style.act(name=f"{name}_act")(y))
    y = LayerScale(scale, name=f"{name}_scale")(y)
    if drop_path:
        y = DropPath(drop_path, name=f"{name}_drop_path")(y)
    return residual(x, y, name=name)
