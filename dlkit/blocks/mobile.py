"""Blocks for small devices: each channel is convolved by itself, 1×1 convolutions mix them.

Sources: Howard et al., "MobileNets", arXiv:1704.04861; Sandler et al., "MobileNetV2: Inverted
Residuals and Linear Bottlenecks", arXiv:1801.04381.
"""

from collections.abc import Callable

import keras

from dlkit.blocks.conv import conv_norm, conv_norm_act
from dlkit.blocks.errors import BlockError
from dlkit.blocks.residual import residual
from dlkit.blocks.style import Style
from dlkit.layers import DropPath


def scaled(filters: int, alpha: float, divisor: int = 1) -> int:
    """The share `alpha` of `filters`, as a whole multiple of `divisor`.

    It is the nearest one, unless a tenth would be missing; then the next. By 1 it is rounded down.

    Raises:
        BlockError: not one channel is left.

    Example:
        >>> scaled(32, 0.35), scaled(24, 0.75, divisor=8)
        (11, 24)
    """
    wanted = int(alpha * filters)
    if wanted < 1:
        raise BlockError(
            f"alpha={alpha} leaves no channel of {filters}.",
            "Give the share of channels to build with: alpha=0.5",
        )
    nearest = max(1, (wanted + divisor // 2) // divisor) * divisor
    return nearest + divisor if nearest < 0.9 * wanted else nearest


def depthwise_norm_act(
    x, kernel_size: int, strides: int = 1, *, style: Style, name: str, padding: str = "same"
) -> keras.KerasTensor:
    """A convolution of each channel by itself, without bias; then norm and activation.

    Args:
        x: `(batch, height, width, channels)`.
        kernel_size: the side of the kernel.
        strides: the step.
        style: whose norm and activation.
        name: the place; its layers are `{name}_conv`, `{name}_norm`, `{name}_act`.
        padding: as of `keras.layers.DepthwiseConv2D`; or `"centred"`, alike on both sides, which
            differs from `"same"` where an even side is strided (see `centred_conv`).

    Returns:
        `(batch, ceil(height / strides), ceil(width / strides), channels)` with `"same"`.
    """
    if padding == "centred":
        padding = "same" if strides == 1 else "valid"
        if strides > 1:
            x = keras.layers.ZeroPadding2D((kernel_size - 1) // 2, name=f"{name}_pad")(x)
    # He's, over outputs: to Keras, every channel is an input of each depthwise kernel.
    he = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    x = keras.layers.DepthwiseConv2D(
        kernel_size, strides, padding, use_bias=False, depthwise_initializer=he, name=f"{name}_conv"
    )(x)
    return style.act(name=f"{name}_act")(style.norm(name=f"{name}_norm")(x))


def depthwise_separable(
    x, filters: int, strides: int = 1, *, style: Style, name: str
) -> keras.KerasTensor:
    """MobileNet's block: 3×3 in each channel, then 1×1 across them; norm and activation after both.

    Args:
        x: `(batch, height, width, channels)`.
        filters: channels of the output.
        strides: the step of the 3×3 convolution. One of 2 pads below and to the right alone, so
            that an odd last row is left out.
        style: the constructors.
        name: the block's place; its layers are `{name}_depthwise_conv` … `{name}_pointwise_act`.

    Returns:
        `(batch, height // strides, width // strides, filters)`.
    """
    padding = "same"
    if strides == 2:
        x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_depthwise_pad")(x)
        padding = "valid"
    x = depthwise_norm_act(x, 3, strides, style=style, name=f"{name}_depthwise", padding=padding)
    return conv_norm_act(x, filters, 1, style=style, name=f"{name}_pointwise")


def inverted_bottleneck(
    x,
    filters: int,
    strides: int = 1,
    *,
    style: Style,
    name: str,
    expand: int = 6,
    kernel_size: int = 3,
    attention: Callable[..., keras.KerasTensor] | None = None,
    drop_path: float = 0.0,
    padding: str = "same",
) -> keras.KerasTensor:
    """Narrow, wide, narrow: 1×1 to `expand` times the channels, k×k in each, 1×1 back, and + x.

    No activation follows the last convolution: in few channels it would lose what they say. The
    sum with x is there where the shapes agree.

    Args:
        x: `(batch, height, width, channels)`.
        filters: channels of the output.
        strides: the step of the k×k convolution.
        style: the constructors.
        name: the block's place; its layers are `{name}_expand_conv` … `{name}_add`.
        expand: how many times as many channels the middle has; 1 leaves the first convolution out.
        kernel_size: k.
        attention: `attention(y, style=, name=)`, what the middle is weighed by.
        drop_path: how often training leaves the branch out; see `dlkit.layers.DropPath`.
        padding: of the k×k convolution, as of `depthwise_norm_act`.

    Returns:
        `(batch, ceil(height / strides), ceil(width / strides), filters)`.
    """
    channels, y = x.shape[-1], x
    if expand != 1:
        y = conv_norm_act(y, expand * channels, 1, style=style, name=f"{name}_expand")
    y = depthwise_norm_act(
        y, kernel_size, strides, style=style, name=f"{name}_depthwise", padding=padding
    )
    if attention:
        y = attention(y, style=style, name=name)
    y = conv_norm(y, filters, 1, style=style, name=f"{name}_project")
    if strides != 1 or channels != filters:
        return y
    if drop_path:
        y = DropPath(drop_path, name=f"{name}_drop_path")(y)
    return residual(x, y, name=name)
