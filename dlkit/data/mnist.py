"""MNIST and Fashion-MNIST: 70,000 grey images of 28×28 in ten classes, each of them."""

import os
import pathlib

import numpy as np

from dlkit.data import errors, mnist_files, published
from dlkit.data.published import Published
from dlkit.data.source import Source

MNIST = Published(
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "mnist.npz",
    "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)
_ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FASHION = tuple(
    Published(_ZALANDO + name, name, f"sha256:{digits}", "datasets/fashion-mnist")
    for name, digits in zip(
        mnist_files.IDX,
        (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        strict=True,
    )
)
"""Its authors' own files, with the hashes that TensorFlow Datasets pins for them."""

DIGITS = tuple("0123456789")
FASHION_NAMES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
VAL_SHARE = 5_000 / 60_000


def mnist(
    *,
    image_size: int | None = None,
    data: str | os.PathLike | None = None,
    val_share: float = VAL_SHARE,
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
    side, share = errors.image_size(image_size, 28), errors.share("val_share", val_share)
    path = published.fetched(MNIST) if data is None else pathlib.Path(data).expanduser()
    return _source("mnist", mnist_files.npz_file(path), DIGITS, side, share)


def fashion_mnist(
    *,
    image_size: int | None = None,
    data: str | os.PathLike | None = None,
    val_share: float = VAL_SHARE,
) -> Source:
    """70,000 pictures of clothes, (size, size, 1) uint8; train/val/test of 55,000/5,000/10,000.

    The test split is the published one. val is a stratified part of the published training
    images, the same for every seed.

    Args:
        image_size: side in pixels; None keeps 28. Other sizes are resized bilinearly.
        data: the folder with the four published files, as they are or unpacked; None takes the
            cache's, downloaded at first use (31 MB).
        val_share: the part of the training images that becomes val.

    Raises:
        DataError: a file could not be downloaded, is missing or is another, or an option is wrong.

    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking
    machine learning algorithms", 2017, arXiv 1708.07747 (MIT).

    Example:
        >>> fashion_mnist().class_names[9]
        'Ankle boot'
    """
    side, share = errors.image_size(image_size, 28), errors.share("val_share", val_share)
    if data is None:
        paths = [published.fetched(file) for file in FASHION]
    else:
        paths = mnist_files.idx_files(pathlib.Path(data).expanduser())
    return _source("fashion-mnist", mnist_files.idx(paths), FASHION_NAMES, side, share)


def _source(
    name: str,
    pairs: tuple[mnist_files.Pair, mnist_files.Pair],
    class_names: tuple[str, ...],
    side: int,
    share: float,
) -> Source:
    (x_train, y_train), (x_test, y_test) = pairs
    images = x_train[..., np.newaxis], x_test[..., np.newaxis]
    labels = (y_train, y_test)
    return published.source(name, images, labels, class_names, side=side, val_share=share)
