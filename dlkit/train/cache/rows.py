"""What the caches know of a source's rows: how many values, of which types, in which structure."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from dlkit.data.source import Source


def specs(source: Source) -> list[tf.TensorSpec]:
    """The parts of a batch, images and labels, one after the other."""
    return tf.nest.flatten(source.element_spec)


def types(source: Source) -> list[tf.DType]:
    """The types of the parts."""
    return [spec.dtype for spec in specs(source)]


def shape(source: Source, spec: tf.TensorSpec) -> tuple[int, ...]:
    """The shape of a part over all rows."""
    return (source.size, *spec.shape[1:])


def packed(source: Source, values: Sequence[tf.Tensor]) -> Any:
    """The parts of a batch in the source's structure, with the shapes that are known."""
    shaped = [
        tf.ensure_shape(value, (None, *spec.shape[1:]))
        for value, spec in zip(values, specs(source), strict=True)
    ]
    return tf.nest.pack_sequence_as(source.element_spec, shaped)
