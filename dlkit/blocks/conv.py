"""Convolution and pooling."""

import keras

from dlkit.blocks.errors import choose
from dlkit.blocks.style import Style

POOLINGS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}


def conv_norm(
    x, filters: int, kernel_size: int, strides: int = 1, *, style: Style, name: str
) -> keras.KerasTensor:
    """Convolution, then the style's normalisation if it has one: `{name}_conv`, `{name}_norm`.

    Args:
        x: `(batch, height, width, channels)`.
        filters: channels of the output.
        kernel_size: the side of the kernel.
        strides: the step.
        style: the constructors.
        name: the place of the layers.

    Returns:
        `(batch, ceil(height / strides), ceil(width / strides), filters)` in the ready-made styles.
    """
    x = style.conv(filters, kernel_size, strides, name=f"{name}_conv")(x)
    return style.norm(name=f"{name}_norm")(x) if style.norm else x


def conv_norm_act(
    x, filters: int, kernel_size: int, strides: int = 1, *, style: Style, name: str
) -> keras.KerasTensor:
    """`conv_norm`, then the style's activation: `{name}_act`. Arguments as there."""
    x = conv_norm(x, filters, kernel_size, strides, style=style, name=name)
    return style.act(name=f"{name}_act")(x)


def pool(
    x, kind: str, size: int = 2, strides: int | None = None, *, padding: str = "valid", name: str
) -> keras.KerasTensor:
    """The largest or the mean value of each window.

    Args:
        x: `(batch, height, width, channels)`.
        kind: `"max"` or `"average"`.
        size: the side of the window.
        strides: the step; the window's side when None.
        padding: `"valid"` drops a rest at the edge, `"same"` keeps it; `"centred"` has zeros on
            all sides, as torch and Caffe have them, which suits what is never negative.
        name: of the layer.

    Raises:
        BlockError: another kind.
    """
    layer = choose("pooling", kind, POOLINGS)
    if padding == "centred":
        x = keras.layers.ZeroPadding2D((size - 1) // 2, name=f"{name}_pad")(x)
        padding = "valid"
    return layer(size, strides, padding=padding, name=name)(x)
