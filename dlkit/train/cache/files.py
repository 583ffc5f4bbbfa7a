"""Rows in files that are written once and read by every run on the same data."""

import contextlib
import hashlib
import logging
import os
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data.errors import DataError
from dlkit.data.source import Source
from dlkit.train import atomic
from dlkit.train.cache import rows, turns

CHUNK = 64  # rows decoded at once
SAMPLES = 8  # rows that are held against the source when the files are opened

_log = logging.getLogger(__name__)


def fetch(source: Source, where: str | os.PathLike) -> Callable[[tf.Tensor], Any]:
    """Fetches from files in a folder, which it writes if there are none, or none that fit.

    Of several processes one writes, and the others wait for it.

    Raises:
        DataError: the source has no fingerprint, or does not give the same values twice.
        OSError: the folder cannot be written; nothing half-written stays.
    """
    if not source.fingerprint:
        raise DataError(
            f"{source.name} has no fingerprint, so a folder could not tell its data from others.",
            "Keep it in memory: --set cache=memory",
        )
    path = pathlib.Path(where).expanduser() / _name(source)
    held = _opened(path, source, logging.DEBUG)
    if held is None:
        with turns.alone(path):
            held = _opened(path, source)
            if held is None:
                _write(path, source)
                held = _opened(path, source)
    if held is None:
        raise DataError(
            f"{source.name} does not give the same values twice: it cannot be cached.",
            "Leave the cache out",
        )

    def read(wanted: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(array[wanted]) for array in held]

    def fetch(wanted: tf.Tensor) -> Any:
        return rows.packed(source, tf.numpy_function(read, [wanted], rows.types(source)))

    return fetch


def _opened(
    path: pathlib.Path, source: Source, level: int = logging.WARNING
) -> list[np.ndarray] | None:
    """The files' arrays, mapped into memory; None where they are missing or are not the source's.

    A few rows are compared, since what decoding gives may change with a version of TensorFlow.
    What is wrong with files that are there is logged at a level.
    """
    specs = rows.specs(source)
    try:
        held = [np.load(path / f"{i}.npy", mmap_mode="r") for i in range(len(specs))]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError) as error:
        _log.log(level, "%s is damaged (%s): decoding anew.", path, error)
        return None
    some = np.unique(np.linspace(0, source.size - 1, SAMPLES).astype(np.int64))
    values = tf.nest.flatten(source.fetch(tf.constant(some)))
    for array, value, spec in zip(held, values, specs, strict=True):
        fits = array.shape == rows.shape(source, spec) and array.dtype == spec.dtype
        if not (fits and np.array_equal(array[some], value, equal_nan=spec.dtype.is_floating)):
            told = "%s holds other values than %s gives: decoding anew."
            _log.log(level, told, path, source.name)
            return None
    return held


def _write(path: pathlib.Path, source: Source) -> None:
    """Decodes every row into files that are whole or not there.

    They are written as files, not through memory: of a full disk that is an error, not a crash.
    """
    _log.info("Decoding %d rows of %s into %s.", source.size, source.name, path)
    with atomic.folder(path) as aside, contextlib.ExitStack() as opened:
        files = []
        for i, spec in enumerate(rows.specs(source)):
            files.append(opened.enter_context((aside / f"{i}.npy").open("wb")))
            dtype, shape = np.dtype(spec.dtype.as_numpy_dtype), rows.shape(source, spec)
            header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(files[-1], header)
        for values in _all(source):
            for file, value in zip(files, values, strict=True):
                file.write(np.ascontiguousarray(value))


def _all(source: Source) -> Iterator[list[np.ndarray]]:
    """Every row, in order and chunks, decoded on all processors."""
    begins = tf.data.Dataset.range(0, source.size, CHUNK)
    chunks = begins.map(
        lambda begin: source.fetch(tf.range(begin, tf.minimum(begin + CHUNK, source.size))),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    return (tf.nest.flatten(chunk) for chunk in chunks.prefetch(2).as_numpy_iterator())


def _name(source: Source) -> str:
    """A folder's name that tells content, sizes and types: `pets-1f0c…-9a3b…`."""
    kinds = repr([(spec.shape.as_list(), spec.dtype.name) for spec in rows.specs(source)])
    plain = re.sub(r"\W+", "-", source.name)
    return f"{plain}-{source.fingerprint[:16]}-{hashlib.sha256(kinds.encode()).hexdigest()[:8]}"
