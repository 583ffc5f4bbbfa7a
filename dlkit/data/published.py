"""Datasets that others publish as files: fetched into the cache, and made into sources."""

import pathlib
from typing import NamedTuple

import numpy as np

from dlkit.data import arrays, downloads, errors, resize, splits, unpack
from dlkit.data.source import Source

FOLDER = "datasets"  # of the cache; Keras puts its own there


class Published(NamedTuple):
    """A file that a dataset is downloaded as; its name in the cache is the one Keras gives it."""

    url: str
    name: str
    hash: str
    folder: str = FOLDER


def fetched(file: Published) -> pathlib.Path:
    """The file in the cache, downloaded at first use.

    Raises:
        DataError: it is not there and could not be fetched.
    """
    try:
        return downloads.fetch(file.url, file.name, file.hash, folder=file.folder)
    except downloads.DownloadError as error:
        remedy = "Train on digits that need no download: dlkit train NAME --dataset digits"
        raise errors.DataError(f"{error.message}\n  {error.fix}", remedy) from error


def unpacked(file: Published, name: str) -> pathlib.Path:
    """The folder in the cache, unpacked at first use from the archive, which is downloaded then.

    Args:
        file: the archive.
        name: the folder's name in the cache.

    Raises:
        DataError: the archive could not be fetched, or not unpacked.
    """
    folders = [home / file.folder / name for home in downloads.homes()]
    for folder in folders:
        if folder.is_dir():
            return folder
    packed = fetched(file)
    try:
        unpack.unpack(packed, folders[0])
    except OSError as error:
        raise errors.DataError(
            f"{packed} cannot be unpacked to {folders[0]}: {error.strerror or error}.",
            "Choose a folder with room for it: export DLKIT_HOME=/path/to/folder",
        ) from error
    return folders[0]


def source(
    name: str,
    images: tuple[np.ndarray, np.ndarray],
    labels: tuple[np.ndarray, np.ndarray],
    class_names: tuple[str, ...],
    *,
    side: int,
    val_share: float,
    strata: np.ndarray | None = None,
) -> Source:
    """A source of published training and test images, in this order; val is taken from training.

    Args:
        name: the dataset's name.
        images: of train and of test, (n, height, width, channels) uint8.
        labels: of train and of test, (n,) integers.
        class_names: one for each label.
        side: to which images are resized, in pixels.
        val_share: the part of the training images that becomes val.
        strata: (n,) what val has in proportion; None takes the training labels.

    Raises:
        DataError: labels lie out of range, or val would leave nothing to train on.
    """
    training, every, published = len(labels[0]), np.concatenate(labels), np.concatenate(images)
    parts = splits.stratified(
        labels[0] if strata is None else strata,
        {"val": max(1, round(val_share * training))},
        name=f"{name}, train",
    )
    parts["test"] = np.arange(training, len(every), dtype=np.int64)
    return arrays.from_arrays(
        name,
        resize.images(published, side),
        every,
        parts,
        class_names,
        fingerprint=arrays.content_hash(published, every, class_names, parts),
    )
