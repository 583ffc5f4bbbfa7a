"""The receptive field: how much of the input one value of a map depends on.

With a kernel of k places, each d apart, and a step of s, a layer makes of the field r and stride j
of its input

    r' = r + (k - 1) · d · j,    j' = j · s.

Where branches meet, the largest counts. Sizes are those of the formula: near the border, and where
an image is smaller than the field, less is seen.

Source: Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill
2019, doi:10.23915/distill.00021.
"""

import dataclasses
import math
from collections.abc import Sequence

import keras

from dlkit.inspection.graph import Call, Graph


@dataclasses.dataclass(frozen=True)
class Field:
    """What one value of a map sees.

    Attributes:
        size: one number a direction, in pixels of the input; infinite where it sees the whole.
        stride: pixels of the input from one value to the next; 0 where there is no next.
    """

    size: tuple[float, ...]
    stride: tuple[float, ...]


_SEE_ALL = tuple(
    getattr(keras.layers, name)
    for name in (
        "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D",
        "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D",
        "Attention", "AdditiveAttention", "Bidirectional", "Flatten",
        "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
        "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D",
        "GroupQueryAttention", "MultiHeadAttention", "RNN",
    )
)  # fmt: skip
_TRANSPOSED = (
    keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose,
)  # fmt: skip
_UPSAMPLING = (
    keras.layers.UpSampling1D, keras.layers.UpSampling2D, keras.layers.UpSampling3D,
)  # fmt: skip


def fields(graph: Graph, starts: Sequence[Field] | None = None) -> dict[int, Field]:
    """The field of every tensor of a graph, by the tensor's id.

    Args:
        graph: a model's.
        starts: of the graph's inputs; a pixel each when None.
    """
    starts = starts or [_pixel(len(tensor.shape)) for tensor in graph.inputs]
    known = {id(tensor): start for tensor, start in zip(graph.inputs, starts, strict=True)}
    for call in graph.calls:
        taken = [known[id(tensor)] for tensor in call.inputs]
        if call.inner:
            known |= fields(call.inner, taken[: len(call.inner.inputs)])
            given = [known[id(tensor)] for tensor in call.inner.outputs]
        else:
            given = [_through(call, _largest(taken))] * len(call.outputs)
        known |= {id(tensor): one for tensor, one in zip(call.outputs, given, strict=True)}
    return known


def _pixel(rank: int) -> Field:
    """Of an image `(batch, height, width, channels)` two ones; a vector has no directions."""
    ones = (1.0,) * max(rank - 2, 0)
    return Field(ones, ones)


def _largest(fields: Sequence[Field]) -> Field:
    directions = max((len(one.size) for one in fields), default=0)
    fields = [one for one in fields if len(one.size) == directions]
    return Field(*(tuple(map(max, *(getattr(one, part) for one in fields), (0,) * directions))
                   for part in ("size", "stride")))  # fmt: skip


def _through(call: Call, field: Field) -> Field:
    """The field behind a layer."""
    layer, rank = call.operation, len(call.outputs[0].shape)
    directions = len(field.size)
    if not directions:  # vectors; or words, which an embedding sets in a row
        return _pixel(rank)
    if isinstance(layer, _SEE_ALL) or rank < 3 <= len(call.inputs[0].shape):
        return Field((math.inf,) * directions, (0.0,) * directions)
    if isinstance(layer, _UPSAMPLING):
        near = getattr(layer, "interpolation", "nearest") == "nearest"
        kernel, step = (1 if near else 2,) * directions, _each(layer.size, directions)
        return _upwards(field, kernel, step)
    step = _each(getattr(layer, "strides", None) or 1, directions)
    size = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None) or 1
    kernel = _each(size, directions)
    if isinstance(layer, _TRANSPOSED):
        return _upwards(field, tuple(-(-k // s) for k, s in zip(kernel, step, strict=True)), step)
    gap = _each(getattr(layer, "dilation_rate", None) or 1, directions)
    rows = zip(field.size, field.stride, kernel, gap, step, strict=True)
    grown = [(r + (k - 1) * d * j, j * s) for r, j, k, d, s in rows]
    return Field(*zip(*grown, strict=True))


def _upwards(field: Field, kernel: Sequence[int], step: Sequence[int]) -> Field:
    """Where the map is enlarged: values stand closer than those that they depend on."""
    rows = zip(field.size, field.stride, kernel, step, strict=True)
    return Field(*zip(*((r + (k - 1) * j, j / s) for r, j, k, s in rows), strict=True))


def _each(value: int | Sequence[int], directions: int) -> tuple[int, ...]:
    return (value,) * directions if isinstance(value, int) else tuple(value)
