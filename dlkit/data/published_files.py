"""The files that datasets are published in, read without trusting them."""

import pathlib
import pickle

import numpy as np

from dlkit.data.errors import DataError
from dlkit.weights import npz

MNIST_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
CIFAR_FOLDER = "cifar-10-batches-py"
CIFAR_TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
CIFAR_TEST = "test_batch"
CIFAR_PLANES = (3, 32, 32)  # as stored: channel by channel

Pair = tuple[np.ndarray, np.ndarray]


def mnist(path: pathlib.Path) -> tuple[Pair, Pair]:
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
        x_train, y_train, x_test, y_test = (found[name] for name in MNIST_ARRAYS)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path} is no mnist.npz, or is damaged: {_said(error)}.",
            f"It is an npz file with {', '.join(MNIST_ARRAYS)}; download it again.",
        ) from None
    for name, images, labels in (("train", x_train, y_train), ("test", x_test, y_test)):
        _check(f"{path} ({name})", images, (28, 28), labels)
    return (x_train, y_train), (x_test, y_test)


def cifar10(folder: pathlib.Path) -> tuple[Pair, Pair]:
    """Reads the folder `cifar-10-batches-py`, or the folder that holds it.

    Returns:
        (images, labels) of train and of test; images (n, 32, 32, 3) uint8.

    Raises:
        DataError: a file is missing, damaged, or asks to run code.
    """
    if (folder / CIFAR_FOLDER).is_dir():
        folder = folder / CIFAR_FOLDER
    if not folder.is_dir():
        raise DataError(
            f"{folder} is no folder.", f"Unpack the archive, then: --data path/to/{CIFAR_FOLDER}"
        )
    missing = [name for name in (*CIFAR_TRAIN, CIFAR_TEST) if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}.",
            f"Unpack the archive again, then: --data path/to/{CIFAR_FOLDER}",
        )
    batches = [_cifar_batch(folder / name) for name in CIFAR_TRAIN]
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return (images, labels), _cifar_batch(folder / CIFAR_TEST)


def _cifar_batch(path: pathlib.Path) -> Pair:
    try:
        with open(path, "rb") as file:
            batch = _Arrays(file, encoding="bytes").load()
        data, labels = batch[b"data"], np.asarray(batch[b"labels"])
        planes = np.reshape(data, (-1, *CIFAR_PLANES))
    except Exception as error:  # noqa: BLE001  a damaged pickle can raise anything
        raise DataError(
            f"{path} is no batch of CIFAR-10, or is damaged: {_said(error)}.",
            "Download the archive again, and unpack it.",
        ) from None
    images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    _check(str(path), images, (32, 32, 3), labels)
    return images, labels


def _check(where: str, images: np.ndarray, shape: tuple[int, ...], labels: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != shape or labels.shape != images.shape[:1]:
        raise DataError(
            f"{where}: expected images (n, {', '.join(map(str, shape))}) of uint8 and n labels, "
            f"found {images.shape} of {images.dtype} and {labels.shape}.",
            "Give the file as published.",
        )


def _said(error: Exception) -> str:
    told = getattr(error, "message", str(error))
    return told.strip().rstrip(".") or type(error).__name__


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
