"""Residual learning: y = F(x) + x.

Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import keras

from dlkit.blocks.conv import conv_norm, conv_norm_act
from dlkit.blocks.style import Style
from dlkit.layers import ZeroPadShortcut

Shortcut = Callable[..., keras.KerasTensor]
"""`shortcut(x, filters, strides, style=, name=)`: x brought to the shape of the main path."""


def zero_padded(x, filters: int, strides: int = 1, *, style: Style, name: str) -> keras.KerasTensor:
    """Option A: the identity; where the shape changes, subsampled and padded with zero channels.

    `style` is not used: the shortcut learns nothing. It is taken because every shortcut is.
    """
    if strides == 1 and x.shape[-1] == filters:
        return x
    return ZeroPadShortcut(filters, strides, name=f"{name}_shortcut")(x)


def projected(x, filters: int, strides: int = 1, *, style: Style, name: str) -> keras.KerasTensor:
    """Option B: the identity; where the shape changes, a 1×1 convolution and norm: `{name}_0`."""
    if strides == 1 and x.shape[-1] == filters:
        return x
    return conv_norm(x, filters, 1, strides, style=style, name=f"{name}_0")


def residual(shortcut, main, *, name: str) -> keras.KerasTensor:
    """The sum of shortcut and main, as `{name}_add`.

    The shortcut comes first: published weight files list layers in the order that this fixes.
    """
    return keras.layers.Add(name=f"{name}_add")([shortcut, main])


def basic(
    x,
    filters: int,
    strides: int = 1,
    *,
    style: Style,
    name: str,
    shortcut: Shortcut | None = zero_padded,
) -> keras.KerasTensor:
    """Two 3×3 convolutions: y = act(F(x) + shortcut(x)), or y = act(F(x)) without a shortcut.

    Args:
        x: `(batch, height, width, channels)`.
        filters: channels of both convolutions.
        strides: the step of the first.
        style: the constructors.
        name: the block's place; its layers are `{name}_1_conv` … `{name}_out`.
        shortcut: how x reaches the sum; None builds the plain network's pair of layers.

    Returns:
        `(batch, ceil(height / strides), ceil(width / strides), filters)`.
    """
    y = conv_norm_act(x, filters, 3, strides, style=style, name=f"{name}_1")
    y = conv_norm(y, filters, 3, style=style, name=f"{name}_2")
    if shortcut:
        y = residual(shortcut(x, filters, strides, style=style, name=name), y, name=name)
    return style.act(name=f"{name}_out")(y)


def bottleneck(
    x,
    filters: int,
    strides: int = 1,
    *,
    style: Style,
    name: str,
    shortcut: Shortcut = projected,
    widen: int = 1,
    groups: int = 1,
    attention: Callable[..., keras.KerasTensor] | None = None,
) -> keras.KerasTensor:
    """1×1, 3×3 and 1×1 convolutions: y = act(F(x) + shortcut(x)), with 4 · filters channels.

    With groups it is ResNeXt's block (Xie et al., arXiv:1611.05431), with `widen` that of wide
    residual networks (Zagoruyko, Komodakis, arXiv:1605.07146).

    Args:
        x: `(batch, height, width, channels)`.
        filters: channels of the first two convolutions; a quarter of the block's.
        strides: the step, made by the convolution that the style says.
        style: the constructors.
        name: the block's place; its layers are `{name}_1_conv` … `{name}_out`.
        shortcut: how x reaches the sum.
        widen: how many times as many channels the first two convolutions have.
        groups: of the 3×3 convolution, each of which sees its own channels alone.
        attention: `attention(y, style=, name=)`, what F(x) is weighed by before the sum.

    Returns:
        `(batch, ceil(height / strides), ceil(width / strides), 4 · filters)`.
    """
    steps = [strides if number == style.strided else 1 for number in (1, 2)]
    grouped = replace(style, conv=partial(style.conv, groups=groups)) if groups > 1 else style
    y = conv_norm_act(x, widen * filters, 1, steps[0], style=style, name=f"{name}_1")
    y = conv_norm_act(y, widen * filters, 3, steps[1], style=grouped, name=f"{name}_2")
    y = conv_norm(y, 4 * filters, 1, style=style, name=f"{name}_3")
    if attention:
        y = attention(y, style=style, name=name)
    y = residual(shortcut(x, 4 * filters, strides, style=style, name=name), y, name=name)
    return style.act(name=f"{name}_out")(y)
