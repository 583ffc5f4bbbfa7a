"""The files that CIFAR-10 and CIFAR-100 are published in, read without trusting them."""

import pathlib
import pickle
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlkit.data import mnist_files
from dlkit.data.errors import DataError

FOLDER10, FOLDER100 = "cifar-10-batches-py", "cifar-100-python"
TRAIN10 = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST10 = "test_batch"
TRAIN100, TEST100 = "train", "test"
PLANES = (3, 32, 32)  # as stored: channel by channel

Pair = tuple[np.ndarray, np.ndarray]


class Labelled(NamedTuple):
    """Images of CIFAR-100, (n, 32, 32, 3) uint8, and two labels of each."""

    images: np.ndarray
    fine: np.ndarray
    coarse: np.ndarray


def cifar10(folder: pathlib.Path) -> tuple[Pair, Pair]:
    """Reads the folder `cifar-10-batches-py`, or the folder that holds it.

    Returns:
        (images, labels) of train and of test; images (n, 32, 32, 3) uint8.

    Raises:
        DataError: a file is missing, damaged, or asks to run code.
    """
    folder = _found(folder, FOLDER10, (*TRAIN10, TEST10))
    batches = [_batch(folder / name, "CIFAR-10", ("labels",)) for name in TRAIN10]
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return (images, labels), _batch(folder / TEST10, "CIFAR-10", ("labels",))


def cifar100(folder: pathlib.Path) -> tuple[Labelled, Labelled]:
    """Reads the folder `cifar-100-python`, or the folder that holds it.

    Returns:
        The training images and the test images.

    Raises:
        DataError: a file is missing, damaged, or asks to run code.
    """
    folder = _found(folder, FOLDER100, (TRAIN100, TEST100))
    kinds = ("fine_labels", "coarse_labels")
    train, test = (_batch(folder / name, "CIFAR-100", kinds) for name in (TRAIN100, TEST100))
    return Labelled(*train), Labelled(*test)


def _found(folder: pathlib.Path, name: str, files: Sequence[str]) -> pathlib.Path:
    if (folder / name).is_dir():
        folder = folder / name
    if not folder.is_dir():
        raise DataError(
            f"{folder} is no folder.", f"Unpack the archive, then: --data path/to/{name}"
        )
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}.",
            f"Unpack the archive again, then: --data path/to/{name}",
        )
    return folder


def _batch(path: pathlib.Path, dataset: str, kinds: Sequence[str]) -> tuple[np.ndarray, ...]:
    """The images of a file, and their labels of each kind."""
    try:
        with open(path, "rb") as file:
            batch = _Arrays(file, encoding="bytes").load()
        labels = [np.asarray(batch[kind.encode()]) for kind in kinds]
        planes = np.reshape(batch[b"data"], (-1, *PLANES))
    except Exception as error:  # noqa: BLE001  a damaged pickle can raise anything
        raise DataError(
            f"{path} is no batch of {dataset}, or is damaged: {mnist_files.said(error)}.",
            "Download the archive again, and unpack it.",
        ) from None
    images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    for each in labels:
        mnist_files.check(str(path), images, (32, 32, 3), each)
    return images, *labels


def _array(kind: object, shape: object, code: object) -> np.ndarray:
    """An empty array, whatever was asked for; the pickle then sets its type, shape and bytes."""
    return np.empty(0, np.int8)


def _latin1(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes into the pickles of Python 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it encodes by {encoding!r}")
    return text.encode("latin1")


class _Arrays(pickle.Unpickler):
    """Unpickles numbers, bytes, lists, dicts and arrays, and nothing else.

    A pickle can name any function to call; here only these are there to be named.
    """

    NAMES = {  # noqa: RUF012
        ("numpy.core.multiarray", "_reconstruct"): _array,
        ("numpy._core.multiarray", "_reconstruct"): _array,
        ("numpy", "ndarray"): "numpy.ndarray",  # only ever an argument of _reconstruct
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): _latin1,
    }

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in self.NAMES:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no image needs")
        return self.NAMES[module, name]
