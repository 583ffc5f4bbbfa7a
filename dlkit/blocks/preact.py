"""Residual blocks whose norm and activation come first: y = F(act(norm(x))) + x.

Nothing stands between one sum and the next, so that x reaches every block as it is.

Source: He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", arXiv:1603.05027.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit.blocks.conv import conv_norm_act
from dlkit.blocks.residual import Shortcut, residual, zero_padded
from dlkit.blocks.style import Style


def norm_act(x, *, style: Style, name: str) -> keras.KerasTensor:
    """The style's normalisation and activation: `{name}_norm`, `{name}_act`."""
    return style.act(name=f"{name}_act")(style.norm(name=f"{name}_norm")(x))


def preact_basic(
    x,
    filters: int,
    strides: int = 1,
    *,
    style: Style,
    name: str,
    shortcut: Shortcut | None = zero_padded,
    activated: bool = False,
) -> keras.KerasTensor:
    """Two 3×3 convolutions, each after a norm and an activation.

    Arguments as of `basic`, and `activated`: whether x has its norm and activation already, as that
    of a network's first block has (the paper's appendix).
    """
    y = x if activated else norm_act(x, style=style, name=f"{name}_preact")
    y = conv_norm_act(y, filters, 3, strides, style=style, name=f"{name}_1")
    y = style.conv(filters, 3, name=f"{name}_2_conv")(y)
    if shortcut is None:
        return y
    return residual(shortcut(x, filters, strides, style=style, name=name), y, name=name)


def preact_bottleneck(
    x, filters: int, strides: int = 1, *, style: Style, name: str
) -> keras.KerasTensor:
    """1×1, 3×3 and 1×1 convolutions, each after a norm and an activation; 4 · filters channels.

    The first two convolutions have no bias, since a norm follows; the last one and the shortcut
    have the style's. Where channels grow, the shortcut is a 1×1 convolution of the activated input;
    where only the step is above 1, it takes every such pixel.

    Args:
        x: `(batch, height, width, channels)`.
        filters: a quarter of the block's channels.
        strides: the step, of the 3×3 convolution.
        style: the constructors.
        name: the block's place.
    """
    bare = replace(style, conv=partial(style.conv, use_bias=False))
    first = norm_act(x, style=style, name=f"{name}_preact")
    if x.shape[-1] != 4 * filters:
        x = style.conv(4 * filters, 1, strides, name=f"{name}_0_conv")(first)
    elif strides > 1:
        x = keras.layers.MaxPooling2D(1, strides, name=f"{name}_0_pool")(x)
    y = conv_norm_act(first, filters, 1, style=bare, name=f"{name}_1")
    y = conv_norm_act(y, filters, 3, strides, style=bare, name=f"{name}_2")
    y = style.conv(4 * filters, 1, name=f"{name}_3_conv")(y)
    return residual(x, y, name=name)
