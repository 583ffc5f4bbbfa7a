"""MNIST and CIFAR-10 by Keras' loaders, which check the SHA-256 of what they download."""

import contextlib
import os
import pathlib
import socket
import sys
from collections.abc import Callable, Iterator

import numpy as np

from dlkit.data import arrays, errors, published_files, resize, splits
from dlkit.data.source import Source

MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
CIFAR10_NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
SILENCE = 30  # seconds without a byte after which a connection is given up


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
        data: a `mnist.npz` on disk; None takes Keras' copy, downloaded at first use.
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
    if data is not None:
        published = published_files.mnist(pathlib.Path(data).expanduser())
    else:
        published = _downloaded("mnist", MNIST_URL, "mnist.npz")
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
        data: the folder `cifar-10-batches-py` on disk; None takes Keras' copy, downloaded at
            first use (170 MB).
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
    if data is not None:
        published = published_files.cifar10(pathlib.Path(data).expanduser())
    else:
        published = _downloaded("cifar10", CIFAR10_URL, "cifar-10-batches-py-target_archive")
    (x_train, y_train), (x_test, y_test) = published
    labels = y_train.reshape(-1), y_test.reshape(-1)  # Keras gives (n, 1)
    images = np.concatenate([x_train, x_test])
    return _source("cifar10", images, labels, CIFAR10_NAMES, side, share)


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


def _downloaded(name: str, url: str, cached: str) -> tuple[published_files.Pair, ...]:
    """Keras' copy of a dataset, fetched at first use.

    Raises:
        DataError: it is not there and could not be fetched.
    """
    from keras import datasets

    load: Callable = getattr(datasets, name).load_data
    try:
        with contextlib.redirect_stdout(sys.stderr), _patience(SILENCE):
            return load()
    except Exception as error:  # Keras raises Exception itself when it is offline
        cause = str(error).split(" -- ")[-1]
        home = pathlib.Path(os.environ.get("KERAS_HOME", "~/.keras"))
        raise errors.DataError(
            f"{name} is not on this machine and could not be fetched: {cause}\n"
            f"  From: {url}\n"
            f"  To put it there by hand: save that file as {home / 'datasets' / cached}",
            "Train on digits that need no download: dlkit train NAME --dataset digits",
        ) from error


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Lets a silent connection fail instead of hanging; Keras sets no timeout of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
