"""Rows kept in this process's memory, each from its first fetch on."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data.errors import DataError
from dlkit.data.source import Source
from dlkit.train.cache import rows


def fetch(source: Source) -> Callable[[tf.Tensor], Any]:
    """Fetches what is missing and keeps it.

    Batches are made in parallel, so two may miss a row at once: both fetch it, and write the same
    values. A row counts as there only after it was written, and Python runs one of these functions
    at a time.

    Raises:
        DataError: the rows do not fit into memory.
    """
    _check_memory(source)
    specs = rows.specs(source)
    held = [np.empty(rows.shape(source, spec), spec.dtype.as_numpy_dtype) for spec in specs]
    there = np.zeros(source.size, bool)

    def missing(wanted: np.ndarray) -> np.ndarray:
        return wanted[~there[wanted]]

    def exchange(wanted: np.ndarray, new: np.ndarray, *values: np.ndarray) -> list[np.ndarray]:
        for array, value in zip(held, values, strict=True):
            array[new] = value
        there[new] = True
        return [array[wanted] for array in held]

    def fetch(wanted: tf.Tensor) -> Any:
        wanted = tf.cast(wanted, tf.int64)
        new = tf.ensure_shape(tf.numpy_function(missing, [wanted], tf.int64), (None,))
        values = tf.cond(
            tf.size(new) > 0,
            lambda: tf.nest.flatten(source.fetch(new)),
            lambda: [tf.zeros((0, *spec.shape[1:]), spec.dtype) for spec in specs],
        )
        given = tf.numpy_function(exchange, [wanted, new, *values], rows.types(source))
        return rows.packed(source, given)

    return fetch


def _check_memory(source: Source) -> None:
    if not hasattr(os, "sysconf"):  # Windows does not say as simply what there is
        return
    shapes = ((spec.dtype.size, rows.shape(source, spec)) for spec in rows.specs(source))
    needed = sum(size * np.prod(shape, dtype=float) for size, shape in shapes)
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise DataError(
            f"{source.name} takes {needed / 2**30:.1f} GiB, and this machine has "
            f"{there / 2**30:.1f} GiB of memory.",
            "Keep it in a folder: --set cache=PATH",
        )
