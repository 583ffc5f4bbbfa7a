"""Sources whose images are held in memory."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data.errors import DataError
from dlkit.data.source import Source, check_labels


def from_arrays(
    name: str,
    images: np.ndarray,
    labels: np.ndarray,
    splits: Mapping[str, np.ndarray],
    class_names: Sequence[str],
    *,
    fingerprint: str | None = None,
    notes: Sequence[str] = (),
) -> Source:
    """A source whose images are held in memory.

    Args:
        name: the dataset's name.
        images: (n, height, width, channels) uint8 in [0, 255].
        labels: (n,) integers, 0 … len(class_names) - 1.
        splits: rows of each split.
        class_names: one for each label.
        fingerprint: of the content; None computes it from the arrays.
        notes: sentences that a report should carry.

    Raises:
        DataError: shapes, types or labels do not fit together.

    Example:
        >>> rows = np.arange(10)
        >>> splits = {"train": rows[:8], "val": rows[8:]}
        >>> source = from_arrays("mine", images, labels, splits, ["cat", "dog"])
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 4 or images.dtype != np.uint8:
        raise DataError(
            f"{name}: images are (n, height, width, channels) of uint8 in 0 … 255, not "
            f"{images.shape} of {images.dtype}.",
            "Convert them: images = np.clip(images, 0, 255).astype('uint8')",
        )
    if labels.shape != images.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{name}: labels are one integer for each of the {len(images)} images, not "
            f"{labels.shape} of {labels.dtype}.",
            "Give one class number an image.",
        )
    splits = {split: np.asarray(rows, np.int64) for split, rows in splits.items()}
    check_labels(name, labels, len(class_names))
    labels = labels.astype(np.int32)
    return Source(
        name=name,
        size=len(images),
        splits=splits,
        element_spec=(
            tf.TensorSpec((None, *images.shape[1:]), tf.uint8),
            tf.TensorSpec((None,), tf.int32),
        ),
        fetch=_in_memory(images, labels),
        class_names=tuple(class_names),
        fingerprint=fingerprint or content_hash(images, labels, class_names, splits),
        notes=tuple(notes),
        labels=labels,
    )


def content_hash(
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    splits: Mapping[str, np.ndarray],
) -> str:
    """SHA-256 of the images as published (before any resizing), labels, names and splits."""
    digest = hashlib.sha256()
    for part in (np.asarray(images), np.asarray(labels, np.int32)):
        digest.update(f"{part.shape}{part.dtype.str}".encode())
        digest.update(np.ascontiguousarray(part))
    digest.update("\0".join(class_names).encode())
    for split, rows in splits.items():
        digest.update(f"\0{split}\0".encode())
        digest.update(np.ascontiguousarray(rows, np.int64))
    return digest.hexdigest()


def _in_memory(images: np.ndarray, labels: np.ndarray) -> Callable[[tf.Tensor], Any]:
    with tf.init_scope(), tf.device("CPU:0"):  # tf.data gathers there, whatever else there is
        held = tf.constant(images), tf.constant(labels)

    def fetch(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tuple(tf.gather(part, indices) for part in held)

    return fetch
