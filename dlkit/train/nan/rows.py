"""The rows of a batch: where a value lies, and the batch without some of them."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.train.nan import numbers


def of(leaf: Any, places: np.ndarray) -> np.ndarray:
    """The rows of the batch that some values are in.

    Args:
        leaf: a tensor of the batch.
        places: places along the first axis of its values, which are rows where it is dense.
    """
    if isinstance(leaf, tf.SparseTensor):
        places = leaf.indices.numpy()[places, 0]
    if isinstance(leaf, tf.RaggedTensor):
        for ids in reversed(leaf.nested_value_rowids()):
            places = ids.numpy()[places]
    return np.unique(places)


def without(batch: Any, leaf: Any, rows: np.ndarray) -> Any:
    """A batch of the same size with other rows in the place of some.

    Args:
        batch: the batch.
        leaf: one of its tensors; where no other rows are left, it is tamed instead.
        rows: those to leave out.
    """
    size = int(leaf.shape[0])
    others = np.setdiff1d(np.arange(size), rows)
    if not len(others):
        return tamed(batch, leaf)
    chosen = np.arange(size)
    chosen[rows] = np.resize(others, len(rows))
    return keras.tree.map_structure(
        lambda part: tf.gather(part, chosen) if _has_rows(part) else part, batch
    )


def tamed(batch: Any, *leaves: Any) -> Any:
    """A batch with small finite numbers in some of its tensors, with zeros in those of integers."""
    chosen = {id(leaf) for leaf in leaves}
    return keras.tree.map_structure(
        lambda part: _tamed(part) if id(part) in chosen else part, batch
    )


def _has_rows(part: Any) -> bool:
    return isinstance(part, tf.Tensor | tf.RaggedTensor) and bool(part.shape.rank)


def _tamed(part: Any) -> Any:
    if isinstance(part, tf.RaggedTensor):
        return part.with_flat_values(_tamed(part.flat_values))
    if isinstance(part, tf.SparseTensor):
        return part.with_values(_tamed(part.values))
    if not part.dtype.is_floating:
        return tf.zeros_like(part)
    finite = tf.where(tf.math.is_finite(part), part, tf.zeros_like(part))
    return finite / tf.cast(max(1.0, numbers.largest(finite)), part.dtype)
