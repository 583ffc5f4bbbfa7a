"""Images of one's own: a folder for each class."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data import decode, errors, folder_check, folder_layout, names, splits
from dlkit.data.source import NO_TEST, Source
from dlkit.registry.errors import suggestion

DEFAULT_SIZE = 64
ON_BROKEN = ("refuse", "skip")


def image_folder(
    *,
    data: str | os.PathLike | None = None,
    image_size: int | None = None,
    color: str = "rgb",
    on_broken: str = "refuse",
    val_share: float = 0.15,
    test_share: float = 0.25,
    split_seed: int = 0,
) -> Source:
    """JPEG and PNG files in `data/CLASS/*`, or in `data/{train,val,test}/CLASS/*`.

    Every file is decoded once at the start, by the decoder that training uses, so that a broken
    one is reported by its path before the first step. In training only the batches at hand are in
    memory. What decoding does, EXIF orientation included, is said in `dlkit.data.decode`.

    Splits: your own folders are taken as they are. Where there are none, `splits.stratified` sets
    test_share and val_share of all files aside, by a hash of their paths: the split depends on
    split_seed and never on the run's seed. With a train and a test folder only, val_share of
    train becomes val. Without a test folder there is no test split, and a note says so.

    Args:
        data: the folder.
        image_size: height and width to which images are resized, aspect ratio not kept; None: 64.
        color: "rgb" or "grayscale".
        on_broken: "refuse" raises if a file cannot be decoded, "skip" leaves it out with a note.
        val_share: the part of the files that steers training; 0 < val_share < 1.
        test_share: the part that only the final evaluation sees; may be 0. Without meaning where
            the folder is split by its user.
        split_seed: chooses among the splits of this policy.

    Raises:
        DataError: no images, one class, an empty class, a class in test that train lacks, broken
            files, or an option that cannot be right.

    Example:
        >>> image_folder(data="pets", image_size=96).class_names
        ('cat', 'dog')
    """
    side = errors.image_size(image_size, DEFAULT_SIZE)
    channels = decode.COLORS[_choice("color", color, tuple(decode.COLORS))]
    _choice("on_broken", on_broken, ON_BROKEN)
    shares = {
        "val": errors.share("val_share", val_share),
        "test": errors.share("test_share", test_share, zero=True),
    }
    if sum(shares.values()) >= 1:
        raise errors.DataError(
            f"val_share {val_share} and test_share {test_share} leave nothing to train on.",
            "Give smaller ones: --set data_options.test_share=0.25",
        )
    layout = folder_layout.find(data)
    checked = folder_check.read_all(layout.root, layout.files)
    checked, broken = folder_check.usable(layout.root, checked, on_broken)
    labels = _labels(layout, checked)
    parts, carved = _splits(layout, checked, labels, shares, split_seed)
    split_of = _split_names(parts, len(checked))
    turned = sum(each.orientation != decode.UPRIGHT for each in checked)
    notes = [*layout.notes, *broken, *carved]
    notes += _absent(parts, labels, layout.class_names)
    notes += [f"{turned} images are turned as their EXIF data say."] if turned else []
    notes += folder_check.twins(checked, split_of)
    return Source(
        name="image-folder",
        size=len(checked),
        splits=parts,
        element_spec=(
            tf.TensorSpec((None, side, side, channels), tf.uint8),
            tf.TensorSpec((None,), tf.int32),
        ),
        fetch=_from_files(layout, checked, labels, side, channels),
        class_names=layout.class_names,
        fingerprint=folder_check.fingerprint(checked, split_of),
        notes=tuple(notes),
        labels=labels,
    )


def _labels(layout: folder_layout.Layout, checked: Sequence[folder_check.Checked]) -> np.ndarray:
    number = {name: label for label, name in enumerate(layout.class_names)}
    labels = np.array([number[each.file.label] for each in checked], np.int32)
    training = {each.file.label for each in checked if each.file.split in ("", "train")}
    emptied = [name for name in layout.class_names if name not in training]
    if emptied:
        raise errors.DataError(
            f"{layout.root}: all training images of {names.listed(emptied)} are broken.",
            "Repair them, or remove the class.",
        )
    return labels


def _splits(
    layout: folder_layout.Layout,
    checked: Sequence[folder_check.Checked],
    labels: np.ndarray,
    shares: dict[str, float],
    seed: int,
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The rows of each split, and notes on what was carved from what."""
    given = np.array([each.file.split for each in checked])
    own = {
        split: np.flatnonzero(given == split).astype(np.int64)
        for split in ("train", "val", "test")
        if (given == split).any()
    }
    notes = []
    if not own:
        wanted, pool = {name: share for name, share in shares.items() if share}, given == ""
    else:
        wanted, pool = {"val": shares["val"]} if "val" not in own else {}, given == "train"
        if wanted:
            notes.append(f"no val folder: {wanted['val']:.0%} of train is val.")
    if "test" not in own and "test" not in wanted:
        notes.append(NO_TEST)
    if not wanted:
        return own, notes
    rows = np.flatnonzero(pool).astype(np.int64)
    carved = splits.stratified(
        labels[rows],
        {name: max(1, round(share * len(rows))) for name, share in wanted.items()},
        seed=seed,
        keys=[checked[row].file.path for row in rows],
        name=str(layout.root),
    )
    parts = own | {name: rows[part] for name, part in carved.items()}
    return {name: parts[name] for name in ("train", "val", "test") if name in parts}, notes


def _split_names(parts: dict[str, np.ndarray], size: int) -> list[str]:
    split_of = np.full(size, "", object)
    for name, rows in parts.items():
        split_of[rows] = name
    return split_of.tolist()


def _absent(
    parts: dict[str, np.ndarray], labels: np.ndarray, class_names: tuple[str, ...]
) -> list[str]:
    absent = {
        name: [class_names[label] for label in sorted({*range(len(class_names))} - {*labels[rows]})]
        for name, rows in parts.items()
    }
    return [
        f"{name} holds no image of: {names.listed(classes)}."
        for name, classes in absent.items()
        if classes
    ]


def _from_files(
    layout: folder_layout.Layout,
    checked: Sequence[folder_check.Checked],
    labels: np.ndarray,
    side: int,
    channels: int,
) -> Callable[[tf.Tensor], Any]:
    """Fetches by path: rows are shuffled, files are read when their batch is due."""
    with tf.init_scope(), tf.device("CPU:0"):  # tf.data reads there, whatever else there is
        paths = tf.constant([os.fsencode(layout.root / each.file.path) for each in checked])
        turns = tf.constant([each.orientation for each in checked])
        held = tf.constant(labels)

    def image(row: tf.Tensor) -> tf.Tensor:
        return decode.pixels(tf.io.read_file(paths[row]), turns[row], side, channels)

    def fetch(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        spec = tf.TensorSpec((side, side, channels), tf.uint8)
        return tf.map_fn(image, indices, fn_output_signature=spec), tf.gather(held, indices)

    return fetch


def _choice(option: str, value: str, known: tuple[str, ...]) -> str:
    if value in known:
        return value
    raise errors.DataError(
        f"{option} is {' or '.join(known)}, not {value!r}.{suggestion(str(value), known)}",
        f"Choose one: --set data_options.{option}={known[0]}",
    )
