"""A dialect of building: which convolution, normalisation, activation and dense layer.

A `Style` holds ready-made constructors rather than flags. What one layer does differently is said
where it stands, with `dataclasses.replace`, and needs no new keyword:

    >>> zero_gamma = dataclasses.replace(
    ...     style, norm=functools.partial(style.norm, gamma_initializer="zeros")
    ... )
"""

import dataclasses
from collections.abc import Callable
from functools import partial

import keras

from dlkit.blocks.errors import choose

Constructor = Callable[..., Callable]
"""Takes a layer's arguments and `name`; gives what maps a tensor to a tensor."""


@dataclasses.dataclass(frozen=True)
class Style:
    """The constructors that blocks build with; each is called with `name=`.

    Attributes:
        conv: `conv(filters, kernel_size, strides, name=)`.
        norm: `norm(name=)`, or None for networks without normalisation (its bias is `conv`'s).
        act: `act(name=)`.
        dense: `dense(units, name=)`.
        strided: which convolution of a bottleneck makes its step, 1 or 2.
    """

    conv: Constructor
    norm: Constructor | None
    act: Constructor
    dense: Constructor
    strided: int = 1


def centred_conv(
    filters: int, kernel_size: int, strides: int = 1, *, name: str, **config
) -> Callable:
    """A convolution padded alike on both sides, as Caffe and torch pad.

    Keras' `"same"` pads an even-sized map on the right and bottom only when it strides, which
    shifts the sampled positions by a pixel. Here the padding is a layer of its own (`{name}_pad`)
    wherever the two would differ.

    Args:
        filters: channels of the output.
        kernel_size: the side of the kernel; odd, so that the padding has a middle.
        strides: the step.
        name: of the convolution.
        **config: further arguments of `keras.layers.Conv2D`.
    """
    if strides == 1 or kernel_size == 1:
        return keras.layers.Conv2D(
            filters, kernel_size, strides, padding="same", name=name, **config
        )
    pad = keras.layers.ZeroPadding2D((kernel_size - 1) // 2, name=f"{name}_pad")
    conv = keras.layers.Conv2D(filters, kernel_size, strides, padding="valid", name=name, **config)
    return lambda x: conv(pad(x))


_RELU = partial(keras.layers.Activation, "relu")

# He et al. draw from N(0, 2/n): over inputs in the paper, over outputs in torch's models.
_FAN_IN = partial(keras.initializers.VarianceScaling, 2.0, "fan_in", "untruncated_normal")
_FAN_OUT = partial(keras.initializers.VarianceScaling, 2.0, "fan_out", "untruncated_normal")

# torch's dense layers draw from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
_TORCH_DENSE = partial(keras.initializers.VarianceScaling, 1 / 3, "fan_in", "uniform")


def _seeded(layer: Callable, initializer: Callable) -> Constructor:
    """A constructor that makes its initializer anew, since one object draws one tensor only."""

    def construct(*args, **config):
        return layer(*args, **{"kernel_initializer": initializer(), **config})

    return construct


STYLES: dict[str, Style] = {
    "paper": Style(
        conv=partial(_seeded(centred_conv, _FAN_IN), use_bias=False),
        norm=partial(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-5),
        act=_RELU,
        dense=_seeded(keras.layers.Dense, _FAN_IN),
    ),
    "torch": Style(
        conv=partial(_seeded(centred_conv, _FAN_OUT), use_bias=False),
        norm=partial(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-5),
        act=_RELU,
        dense=_seeded(keras.layers.Dense, _TORCH_DENSE),
        strided=2,
    ),
    "keras": Style(
        conv=centred_conv,
        norm=partial(keras.layers.BatchNormalization, momentum=0.99, epsilon=1.001e-5),
        act=_RELU,
        dense=keras.layers.Dense,
    ),
}
"""The dialects by name.

`paper`: padding on both sides, no bias before a norm, He's initialisation over inputs, statistics
that follow within a hundred steps. `torch`: the same with He's initialisation over outputs and
torch's dense layers; a bottleneck's step is made by its 3×3 convolution ("v1.5"), in the others
by the first 1×1. `keras`: as in `keras.applications`: a bias on every convolution, Glorot's
initialisation, slow statistics (momentum .99).
"""


def style(name: str | Style) -> Style:
    """The style of that name; a `Style` of one's own is returned as it is.

    Raises:
        BlockError: no such style.

    Example:
        >>> style("torch") is STYLES["torch"]
        True
    """
    return name if isinstance(name, Style) else choose("style", name, STYLES)
