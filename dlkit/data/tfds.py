"""Image classification from TensorFlow Datasets, by random access to its array records."""

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tqdm

from dlkit.data import decode, errors, splits, tfds_library
from dlkit.data.source import NO_TEST, Source

DEFAULT_SIZE = 64
MANY = 5_000  # records; with more, a bar shows how far the reading is


def tfds(
    *,
    name: str | None = None,
    data: str | os.PathLike | None = None,
    image_size: int | None = None,
    val_share: float = 0.1,
    test_share: float = 0.2,
) -> Source:
    """A dataset of TensorFlow Datasets: `tfds:NAME`, `tfds:NAME/CONFIG` or `tfds:NAME:VERSION`.

    It is prepared at first use, in its form of array records, which may be read in any order. Every
    record is read once at the start, for its label and the fingerprint; pixels are decoded when
    their batch is due, as `dlkit.data.decode` does it, but with no regard to EXIF: so is the
    library's own habit.

    Splits: train, validation and test are taken as published, where they have labels. Without a
    validation split, val_share of train becomes val; without that and a test split, test_share of
    train becomes test; with a validation split alone there is no test split. Notes say so.

    Args:
        name: the part after the colon.
        data: the folder of its datasets; None takes the library's own, `~/tensorflow_datasets`.
        image_size: side to which images are resized; None: their own, or 64 where it varies.
        val_share: the part of the training images that becomes val, where there is none.
        test_share: the part that becomes test, likewise.

    Raises:
        DataError: there is no such dataset, it cannot be prepared, it is no classification of
            8-bit images, or it is there in a form without random access.

    Example:
        >>> dlkit.create("dataset", "tfds:beans").class_names
        ('angular_leaf_spot', 'bean_rust', 'healthy')
    """
    if not name:
        raise errors.DataError(
            "tfds is a dataset of TensorFlow Datasets, and needs the name of it.",
            "Name it after a colon: --dataset tfds:beans",
        )
    shares = {
        "val": errors.share("val_share", val_share),
        "test": errors.share("test_share", test_share),
    }
    builder = tfds_library.prepared(name, data)
    image, label = tfds_library.keys(name, builder.info)
    height, width, channels = builder.info.features[image].shape
    side = errors.image_size(image_size, height if height and height == width else DEFAULT_SIZE)
    class_names = tuple(builder.info.features[label].names)
    records = tfds_library.opened(name, builder, image)
    labels, digest = _read(name, records, image, label)
    parts, notes = _splits(name, records, labels, shares)
    for split, rows in parts.items():
        digest.update(f"\0{split}\0".encode() + rows.tobytes())
    digest.update("\0".join(class_names).encode())
    channels = 1 if channels == 1 else 3
    return Source(
        name=f"tfds:{name}",
        size=len(labels),
        splits=parts,
        element_spec=(
            tf.TensorSpec((None, side, side, channels), tf.uint8),
            tf.TensorSpec((None,), tf.int32),
        ),
        fetch=_from_records(list(records.values()), labels, image, side, channels),
        class_names=class_names,
        fingerprint=digest.hexdigest(),
        notes=tuple(notes),
        labels=np.maximum(labels, 0),  # rows without a label are in no split
    )


def _read(
    name: str, records: dict[str, Sequence[dict]], image: str, label: str
) -> tuple[np.ndarray, Any]:
    """The label of every record, (n,) int32, and a SHA-256 of all records."""
    digest, labels = hashlib.sha256(), []
    total = sum(map(len, records.values()))
    quiet = total <= MANY or not sys.stderr.isatty()
    with tqdm.tqdm(desc=f"reading {name}", total=total, disable=quiet, unit="record") as bar:
        for split in records.values():
            for number in range(len(split)):
                record = split[number]
                digest.update(hashlib.sha256(record[image]).digest())
                labels.append(int(record[label]))
                bar.update()
    labels = np.array(labels, np.int32)
    digest.update(labels.tobytes())
    return labels, digest


def _splits(
    name: str, records: dict[str, Sequence[dict]], labels: np.ndarray, shares: dict[str, float]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The rows of each split, and notes on what was carved from what."""
    ends = np.cumsum([len(split) for split in records.values()])
    own, notes = {}, []
    for split, rows in zip(records, np.split(np.arange(len(labels)), ends[:-1]), strict=True):
        if (labels[rows] < 0).any():
            notes.append(f"{split} has no labels, and is left out.")
        elif len(rows) and tfds_library.SPLITS[split] not in own:
            own[tfds_library.SPLITS[split]] = rows
    wanted = {} if "val" in own else {k: share for k, share in shares.items() if k not in own}
    if wanted:
        carved = splits.stratified(
            labels[own["train"]],
            {split: max(1, round(share * len(own["train"]))) for split, share in wanted.items()},
            name=f"tfds:{name}",
        )
        own |= {split: own["train"][rows] for split, rows in carved.items()}
        notes += [f"no {split} split: {wanted[split]:.0%} of train is {split}." for split in wanted]
    if "test" not in own:
        notes.append(NO_TEST)
    return {split: own[split] for split in ("train", "val", "test") if split in own}, notes


def _from_records(
    records: Sequence[Sequence[dict]], labels: np.ndarray, image: str, side: int, channels: int
) -> Callable[[tf.Tensor], Any]:
    """Fetches by row; the records are read when their batch is due."""
    ends = np.cumsum([len(split) for split in records])
    with tf.init_scope(), tf.device("CPU:0"):  # tf.data gathers there, whatever else there is
        held = tf.constant(labels)

    def read(indices: np.ndarray) -> np.ndarray:
        of = np.searchsorted(ends, indices, side="right")
        starts = np.concatenate([[0], ends])
        rows = zip(of, indices - starts[of], strict=True)
        return np.array([records[split][int(row)][image] for split, row in rows], object)

    def pixels(contents: tf.Tensor) -> tf.Tensor:
        return decode.pixels(contents, tf.constant(decode.UPRIGHT), side, channels)

    def fetch(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        contents = tf.ensure_shape(tf.numpy_function(read, [indices], tf.string), (None,))
        spec = tf.TensorSpec((side, side, channels), tf.uint8)
        return tf.map_fn(pixels, contents, fn_output_signature=spec), tf.gather(held, indices)

    return fetch
