"""Dense connections: every layer sees the maps of all before it.

Source: Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks",
arXiv:1608.06993.
"""

import keras

from dlkit.blocks.conv import conv_norm_act, pool
from dlkit.blocks.preact import norm_act
from dlkit.blocks.style import Style


def dense_layer(x, growth: int, *, style: Style, name: str) -> keras.KerasTensor:
    """A 1×1 and a 3×3 convolution, each after a norm and an activation; y = [x, F(x)].

    Args:
        x: `(batch, height, width, channels)`.
        growth: the channels that it adds, the paper's k; the 1×1 convolution has 4k.
        style: the constructors.
        name: the layer's place; its layers are `{name}_0_norm` … `{name}_concat`.

    Returns:
        `(batch, height, width, channels + growth)`, x first.
    """
    y = norm_act(x, style=style, name=f"{name}_0")
    y = conv_norm_act(y, 4 * growth, 1, style=style, name=f"{name}_1")
    y = style.conv(growth, 3, name=f"{name}_2_conv")(y)
    return keras.layers.Concatenate(name=f"{name}_concat")([x, y])


def transition(x, *, style: Style, name: str, compression: float = 0.5) -> keras.KerasTensor:
    """What stands between dense blocks: norm, activation, 1×1 convolution, mean of 2×2.

    Args:
        x: `(batch, height, width, channels)`.
        style: the constructors.
        name: the place; its layers are `{name}_norm` … `{name}_pool`.
        compression: the share of channels that is left, the paper's θ.

    Returns:
        `(batch, height // 2, width // 2, int(compression · channels))`.
    """
    filters = int(compression * x.shape[-1])
    x = norm_act(x, style=style, name=name)
    x = style.conv(filters, 1, name=f"{name}_conv")(x)
    return pool(x, "average", name=f"{name}_pool")
