"""MNIST and CIFAR-10, as Keras publishes them: the same files under the same names in the cache."""

import os
import pathlib
from typing import NamedTuple

import numpy as np

from dlkit.data import arrays, downloads, errors, published_files, resize, splits, unpack
from dlkit.data.source import Source


class Published(NamedTuple):
    """A file that a dataset is downloaded as; its name in the cache is the one Keras gives it."""

    url: str
    name: str
    hash: str


MNIST = Published(
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "mnist.npz",
    "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)
CIFAR10 = Published(
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "cifar-10-batches-py-target_archive",
    "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
FOLDER, UNPACKED = "datasets", "cifar-10-python"  # of the cache, and of what CIFAR's archive holds
CIFAR10_NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


def mnist(
    *,
    image_size: int | None = None,
    data: str | os.PathLike | None = None,
    val_share: float = 5_000 / 60_000,
) -> Source:
    """70,000 handwritten digits, (size, size, 1) uint8; train/val/test of 55,000/5,000/10,000.

    The test split is the published one. val is a stratified part of the published training
    images, the same for every seed.

    Args:
        image_size: side in pixels; None keeps 28. Other sizes are resized bilinearly.
        data: a `mnist.npz` on disk; None takes the cache's, downloaded at first use (11 MB).
        val_share: the part of the training images that becomes val.

    Raises:
        DataError: it could not be downloaded, the file is not MNIST, or an option is wrong.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998
    (CC BY-SA 3.0).

    Example:
        >>> mnist().element_spec[0].shape
        TensorShape([None, 28, 28, 1])
    """
    side = errors.image_size(image_size, 28)
    share = errors.share("val_share", val_share)
    path = _fetched(MNIST) if data is None else pathlib.Path(data).expanduser()
    published = published_files.mnist(path)
    (x_train, y_train), (x_test, y_test) = published
    images = np.concatenate([x_train, x_test])[..., np.newaxis]
    return _source("mnist", images, (y_train, y_test), tuple("0123456789"), side, share)


def cifar10(
    *,
    image_size: int | None = None,
    data: str | os.PathLike | None = None,
    val_share: float = 0.1,
) -> Source:
    """60,000 small photographs, (size, size, 3) uint8; train/val/test of 45,000/5,000/10,000.

    The test split is the published one. val is a stratified part of the published training
    images, the same for every seed.

    Args:
        image_size: side in pixels; None keeps 32. Other sizes are resized bilinearly.
        data: the folder `cifar-10-batches-py` on disk; None takes the cache's, downloaded and
            unpacked at first use (170 MB).
        val_share: the part of the training images that becomes val.

    Raises:
        DataError: it could not be downloaded, the folder is not CIFAR-10, or an option is wrong.

    Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    Example:
        >>> cifar10().class_names[3]
        'cat'
    """
    side = errors.image_size(image_size, 32)
    share = errors.share("val_share", val_share)
    folder = _unpacked(CIFAR10) if data is None else pathlib.Path(data).expanduser()
    (x_train, y_train), (x_test, y_test) = published_files.cifar10(folder)
    images = np.concatenate([x_train, x_test])
    return _source("cifar10", images, (y_train, y_test), CIFAR10_NAMES, side, share)


def _source(
    name: str,
    images: np.ndarray,
    labels: tuple[np.ndarray, np.ndarray],
    class_names: tuple[str, ...],
    side: int,
    share: float,
) -> Source:
    """Training rows first, then the published test rows."""
    training, every = len(labels[0]), np.concatenate(labels)
    parts = splits.stratified(
        labels[0], {"val": max(1, round(share * training))}, name=f"{name}, train"
    )
    parts["test"] = np.arange(training, len(every), dtype=np.int64)
    return arrays.from_arrays(
        name,
        resize.images(images, side),
        every,
        parts,
        class_names,
        fingerprint=arrays.content_hash(images, every, class_names, parts),
    )


def _fetched(published: Published) -> pathlib.Path:
    """The file in the cache, downloaded at first use.

    Raises:
        DataError: it is not there and could not be fetched.
    """
    try:
        return downloads.fetch(published.url, published.name, published.hash, folder=FOLDER)
    except downloads.DownloadError as error:
        remedy = "Train on digits that need no download: dlkit train NAME --dataset digits"
        raise errors.DataError(f"{error.message}\n  {error.fix}", remedy) from error


def _unpacked(published: Published) -> pathlib.Path:
    """The folder in the cache, unpacked at first use from the archive, which is downloaded then.

    Raises:
        DataError: the archive could not be fetched, or not unpacked.
    """
    folders = [home / FOLDER / UNPACKED for home in downloads.homes()]
    for folder in folders:
        if folder.is_dir():
            return folder
    packed = _fetched(published)
    try:
        unpack.unpack(packed, folders[0])
    except OSError as error:
        raise errors.DataError(
            f"{packed} cannot be unpacked to {folders[0]}: {error.strerror or error}.",
            "Choose a folder with room for it: export DLKIT_HOME=/path/to/folder",
        ) from error
    return folders[0]
