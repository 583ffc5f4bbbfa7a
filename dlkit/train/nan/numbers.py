"""Looks at tensors for what is no finite number."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def floats(values: Any) -> list[tf.Tensor]:
    """The dense floating-point tensors in any structure; of ragged and sparse ones, the values."""
    return [tensor for _, tensor in named(values) if tensor.dtype.is_floating]


def named(values: Any, name: str = "") -> Iterator[tuple[str, tf.Tensor]]:
    """Every dense tensor of a structure under its path: `x/image`."""
    for path, leaf in leaves(values, name):
        yield path, dense(leaf)


def leaves(values: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every tensor of a structure under its path, ragged and sparse ones as they are."""
    for path, leaf in keras.tree.flatten_with_path(values):
        if isinstance(leaf, np.ndarray):
            leaf = tf.convert_to_tensor(leaf)
        if isinstance(leaf, tf.Tensor | tf.RaggedTensor | tf.SparseTensor | tf.IndexedSlices):
            yield "/".join(map(str, (*filter(None, (name,)), *path))), leaf


def dense(leaf: Any) -> tf.Tensor:
    """The tensor itself; of a ragged or sparse one its values."""
    if isinstance(leaf, tf.RaggedTensor):
        return leaf.flat_values
    return leaf.values if isinstance(leaf, tf.SparseTensor | tf.IndexedSlices) else leaf


def finite(values: Any) -> bool:
    """Whether every floating-point number in a structure is a finite one."""
    return all(bool(tf.reduce_all(tf.math.is_finite(tensor))) for tensor in floats(values))


def largest(values: Any) -> float:
    """The largest absolute value among the finite numbers; 0 where there are none."""
    found = [0.0]
    for _, tensor in named(values):
        if tensor.dtype.is_floating or tensor.dtype.is_integer:
            size = tf.abs(tf.cast(tensor, tf.float64))
            found.append(
                float(
                    tf.reduce_max(tf.where(tf.math.is_finite(size), size, 0.0), None)
                    if tf.size(size)
                    else 0.0
                )
            )
    return max(found)


def bad_rows(tensor: tf.Tensor) -> np.ndarray:
    """The rows, along the first axis, that hold what is no finite number."""
    bad = ~np.isfinite(np.asarray(tensor, np.float64))
    return np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1)) if bad.ndim else np.array([], int)


def row_sizes(tensor: Any) -> np.ndarray:
    """The largest absolute value in each row, along the first axis."""
    return np.abs(np.asarray(tensor, np.float64)).reshape(len(tensor), -1).max(1, initial=0.0)


def odd_ones(tensor: Any) -> str:
    """`nan`, `inf`, `-inf` or several of them, as a tensor holds them."""
    values = np.asarray(tensor, np.float64)
    found = {"nan": np.isnan(values), "inf": values == np.inf, "-inf": values == -np.inf}
    return " and ".join(name for name, where in found.items() if where.any())


def span(tensor: Any) -> str:
    """`-3.2 … 5`: where the finite values of a tensor lie."""
    values = np.asarray(tensor, np.float64)
    values = values[np.isfinite(values)]
    return f"{values.min():.3g} … {values.max():.3g}" if values.size else "no finite value"


def count(number: int, thing: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
