"""A dataset as random access: how many rows, which belong where, and how to fetch them."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data.errors import DataError
from dlkit.registry import errors

NO_TEST = "no test split: val, which steers the training, is all there is to judge by."
CHUNK = 256  # rows fetched at once when a split is wanted whole


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """Random access to a dataset; it has no order of its own.

    Args:
        name: the dataset's name.
        size: rows in all.
        splits: rows of each split, int64; "train", and "val" and "test" where there are such.
            No row is in two splits.
        element_spec: (images, labels) of a batch: `tf.TensorSpec((None, h, w, c), tf.uint8)`, in
            [0, 255], and `tf.TensorSpec((None,), tf.int32)`.
        fetch: takes rows (batch,) int64 and returns (images, labels); runs inside `tf.data`.
        class_names: one for each label.
        fingerprint: SHA-256 in hex of the content and of the splits; equal fingerprints mean
            equal data.
        notes: sentences that a report should carry, such as which files were left out.
        labels: (size,) int32 where they are known without fetching, else None.

    Raises:
        DataError: the rows of the splits, the labels or the class names cannot be right.
    """

    name: str
    size: int
    splits: Mapping[str, np.ndarray]
    element_spec: Any
    fetch: Callable[[tf.Tensor], Any]
    class_names: tuple[str, ...] = ()
    fingerprint: str = ""
    notes: tuple[str, ...] = ()
    labels: np.ndarray | None = None

    def __post_init__(self):
        _check_splits(self)
        if self.labels is not None:
            check_labels(self.name, self.labels, len(self.class_names))

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of one image."""
        return tuple(self.element_spec[0].shape[1:])

    def rows(self, split: str) -> np.ndarray:
        """The rows of a split.

        Raises:
            DataError: there is no such split.
        """
        if split in self.splits:
            return self.splits[split]
        there = ", ".join(self.splits)
        raise DataError(
            f"{self.name} has no split {split!r}.{errors.suggestion(split, self.splits)}",
            f"Use one that it has: {there}",
        )

    def arrays(self, split: str, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """A split as numpy arrays, in the order of its rows.

        Args:
            split: "train", "val" or "test".
            limit: only the first so many rows.

        Returns:
            images (n, height, width, channels) uint8 and labels (n,) int32.

        Raises:
            DataError: there is no such split.
        """
        rows = self.rows(split)[:limit]
        if not len(rows):
            empty = tf.nest.map_structure(
                lambda spec: np.zeros((0, *spec.shape[1:]), spec.dtype.as_numpy_dtype),
                self.element_spec,
            )
            return empty
        pieces = [
            self.fetch(tf.constant(rows[begin : begin + CHUNK], tf.int64))
            for begin in range(0, len(rows), CHUNK)
        ]
        return tf.nest.map_structure(
            lambda *parts: np.concatenate([part.numpy() for part in parts]), *pieces
        )

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(rows)}" for name, rows in self.splits.items())
        return f"Source({self.name!r}, {sizes})"


def check_labels(name: str, labels: np.ndarray, num_classes: int) -> None:
    """Refuses labels outside 0 … num_classes - 1.

    Raises:
        DataError: it names the first such row.
    """
    labels = np.asarray(labels)
    outside = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if len(outside):
        row = int(outside[0])
        raise DataError(
            f"{name}: {len(outside)} labels out of range: row {row} has label {labels[row]}, and "
            f"{num_classes} classes are numbered 0 … {num_classes - 1}.",
            "Number the classes from 0, or name the missing ones in class_names.",
        )


def _check_splits(source: Source) -> None:
    seen = np.zeros(source.size, bool)
    for split, rows in source.splits.items():
        if rows.ndim != 1 or rows.dtype != np.int64:
            problem = f"rows are (n,) int64, not {rows.shape} of {rows.dtype}"
        elif len(rows) and not (rows.min() >= 0 and rows.max() < source.size):
            problem = f"rows lie in {rows.min()} … {rows.max()}, and there are {source.size}"
        elif seen[rows].any():
            problem = f"row {rows[seen[rows]][0]} is in another split too"
        elif len(np.unique(rows)) != len(rows):
            problem = "a row is in it twice"
        else:
            seen[rows] = True
            continue
        raise DataError(
            f"{source.name}, split {split!r}: {problem}.", "Give each row to one split at most."
        )
