"""The files that MNIST and Fashion-MNIST are published in, read without trusting them."""

import gzip
import math
import pathlib
from collections.abc import Sequence

import numpy as np

from dlkit.data.errors import DataError
from dlkit.registry import archive
from dlkit.weights import npz

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
LARGEST = 2**30  # bytes; a header that claims more is damaged or a trap

Pair = tuple[np.ndarray, np.ndarray]


def npz_file(path: pathlib.Path) -> tuple[Pair, Pair]:
    """Reads `mnist.npz` as Keras publishes it.

    Returns:
        (images, labels) of train and of test; images (n, 28, 28) uint8.

    Raises:
        DataError: there is no such file, or it is not one.
    """
    if not path.is_file():
        raise DataError(f"{path} is no file.", "Name the npz file: --data path/to/mnist.npz")
    try:
        found = npz.read(path)
        x_train, y_train, x_test, y_test = (found[name] for name in ARRAYS)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path} is no mnist.npz, or is damaged: {said(error)}.",
            f"It is an npz file with {', '.join(ARRAYS)}; download it again.",
        ) from None
    for name, images, labels in (("train", x_train, y_train), ("test", x_test, y_test)):
        check(f"{path} ({name})", images, (28, 28), labels)
    return (x_train, y_train), (x_test, y_test)


def idx_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The four files in a folder, in the order of `IDX`, as published or unpacked.

    Raises:
        DataError: one is missing.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder.", f"Name the folder that holds {IDX[0]}: --data")
    paths, missing = [], []
    for name in IDX:
        there = [path for path in (folder / name, folder / name[:-3]) if path.is_file()]
        paths += there[:1]
        missing += [] if there else [name]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}.",
            "Put the published files there, by their names.",
        )
    return paths


def idx(paths: Sequence[pathlib.Path]) -> tuple[Pair, Pair]:
    """Reads train images, train labels, test images and test labels.

    Returns:
        (images, labels) of train and of test; images (n, 28, 28) uint8.

    Raises:
        DataError: one is no such file, or is damaged.
    """
    x_train, y_train, x_test, y_test = map(idx_file, paths)
    for path, images, labels in ((paths[0], x_train, y_train), (paths[2], x_test, y_test)):
        check(str(path), images, (28, 28), labels)
    return (x_train, y_train), (x_test, y_test)


def idx_file(path: pathlib.Path) -> np.ndarray:
    """One array of bytes: two zeros, the type 8, the rank, each size as 4 bytes, the values.

    Args:
        path: such a file, gzipped if its name ends in `.gz`.

    Raises:
        DataError: it is no such file, or is damaged.

    Source: LeCun, Cortes and Burges, "The MNIST database", the IDX file format.
    """
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            magic = file.read(4)
            if len(magic) != 4 or magic[:3] != b"\0\0\x08" or not 1 <= magic[3] <= 4:
                raise ValueError("it is no IDX file of bytes")
            shape = np.frombuffer(file.read(4 * magic[3]), ">u4").tolist()
            size = math.prod(shape)
            if len(shape) != magic[3] or size > LARGEST:
                raise ValueError(f"its header claims {size:,} bytes")
            values = file.read(size + 1)
    except (OSError, ValueError, *archive.DAMAGED) as error:
        raise DataError(
            f"{path} cannot be read: {said(error)}.", "Download it again, as it is published."
        ) from None
    if len(values) != size:
        more = "more" if len(values) > size else f"{len(values):,}"
        raise DataError(
            f"{path}: its header claims {size:,} bytes, and there are {more}.",
            "Download it again, as it is published.",
        )
    return np.frombuffer(values, np.uint8).reshape(shape)


def check(where: str, images: np.ndarray, shape: tuple[int, ...], labels: np.ndarray) -> None:
    """Refuses what is not n images of a shape and n labels.

    Raises:
        DataError: it is so; the message says what was found.
    """
    if images.dtype != np.uint8 or images.shape[1:] != shape or labels.shape != images.shape[:1]:
        raise DataError(
            f"{where}: expected images (n, {', '.join(map(str, shape))}) of uint8 and n labels, "
            f"found {images.shape} of {images.dtype} and {labels.shape}.",
            "Give the file as published.",
        )


def said(error: Exception) -> str:
    """What an error says, without its full stop; its type, where it says nothing."""
    told = getattr(error, "message", str(error))
    return told.strip().rstrip(".") or type(error).__name__
