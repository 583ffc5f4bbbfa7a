"""Depthwise separable convolution: space first, then channels.

Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", arXiv:1610.02357.
"""

import keras

from dlkit.blocks.style import Style


def separable_norm(
    x, filters: int, kernel_size: int = 3, *, style: Style, name: str
) -> keras.KerasTensor:
    """A window on each channel alone, a 1×1 convolution over channels, and the style's norm.

    With N = `filters` and a window of k×k, it has about 1/N + 1/k² of the weights of a convolution
    that does both at once. Nothing stands between the two steps, as in Xception.

    Args:
        x: `(batch, height, width, channels)`.
        filters: channels of the output.
        kernel_size: the side of the window.
        style: whose norm.
        name: the place of the layers, `{name}_sepconv` and `{name}_norm`.

    Returns:
        `(batch, height, width, filters)`.
    """
    x = keras.layers.SeparableConv2D(
        filters, kernel_size, padding="same", use_bias=False, name=f"{name}_sepconv"
    )(x)
    return style.norm(name=f"{name}_norm")(x)
