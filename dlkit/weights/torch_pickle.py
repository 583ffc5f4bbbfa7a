"""torch's files of tensors, `.pth` and `.pt`, read without torch and without running anything.

A file is a pickle of a dictionary, whose tensors point into raw storages: since torch 1.6 a zip
archive with a file for each, before that one stream after the other. A pickle may call any function
that it names; here only those have a meaning that a dictionary of tensors needs, and each of them
is one of ours.
"""

import collections
import functools
import io
import math
import pathlib
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

from dlkit.registry import archive, errors

STORAGES = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}
_MAGIC = 0x1950A86A20F9469CFC6C  # of the older format
_FIX = "Ask for a .safetensors file, which holds tensors and nothing else"


class _Refused(Exception):
    """The pickle asks for what a dictionary of tensors does not need."""


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Every tensor of a dictionary by its name; of a checkpoint, of its `state_dict` or `model`.

    Raises:
        UnsafeFile: the pickle names what is no tensor, or a tensor reaches out of its storage.
        ValueError: it is no such file, or is damaged.
    """
    try:
        with path.open("rb") as file:
            packed = zipfile.is_zipfile(file)
            file.seek(0)
            return _zipped(file, path) if packed else _streamed(file)
    except _Refused as refused:
        raise errors.UnsafeFile(str(path), "", str(refused), _FIX) from None
    except errors.UnsafeFile:
        raise
    except (pickle.UnpicklingError, AttributeError, IndexError, TypeError, MemoryError,
            *archive.DAMAGED) as error:  # fmt: skip
        raise ValueError(f"it is no file of torch's, or is damaged ({error})") from None


class _Unpickler(pickle.Unpickler):
    """Knows the names of storages, ordered dictionaries, and how a tensor is put together."""

    def __init__(self, file: BinaryIO, storage: Callable[[tuple], np.ndarray]):
        super().__init__(file, encoding="utf-8")
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        """One of ours in the place of what is named."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch" and name in STORAGES:
            return np.dtype(STORAGES[name])
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _tensor  # without the number, it is of the years before torch 0.4
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _parameter
        raise _Refused(f"names {module}.{name}, which reading would run")

    def persistent_load(self, key: tuple) -> np.ndarray:
        """The storage that a tensor lies in."""
        if not isinstance(key, tuple) or len(key) < 5 or key[0] != "storage":
            raise _Refused(f"points to {key!r}, which is no storage")
        if len(key) > 5 and key[5] is not None:
            raise _Refused("has a storage that is a part of another, which no published file has")
        return self._storage(key)


def _tensor(storage: np.ndarray, offset: int, size: tuple, stride: tuple, *rest: Any) -> np.ndarray:
    """A view of a storage, which may be filled later; sizes and strides are counted in elements."""
    numbers = (offset, *size, *stride)
    if len(size) != len(stride) or any(not isinstance(n, int) or n < 0 for n in numbers):
        raise _Refused(f"has a tensor of size {size} and stride {stride}")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) > len(storage) or (math.prod(size) and last >= len(storage)):
        raise _Refused(f"has a tensor {size} that is no part of its storage of {len(storage):,}")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps)


def _parameter(tensor: np.ndarray, *rest: Any) -> np.ndarray:
    return tensor


def _zipped(file: BinaryIO, path: pathlib.Path) -> Any:
    with zipfile.ZipFile(file) as packed:
        archive.check(packed, str(path))
        (inside,) = [name for name in packed.namelist() if name.endswith("/data.pkl")]
        root = inside.removesuffix("data.pkl")
        if f"{root}byteorder" in packed.namelist() and packed.read(f"{root}byteorder") != b"little":
            raise ValueError("its numbers are big-endian")

        @functools.cache
        def stored(key: str, dtype: np.dtype) -> np.ndarray:
            return np.frombuffer(packed.read(f"{root}data/{key}"), dtype)

        found = _Unpickler(
            io.BytesIO(packed.read(inside)), lambda key: stored(str(key[2]), key[1])
        ).load()
        return _copied(found)


def _streamed(file: BinaryIO) -> Any:
    """The older format: three heads, the pickle, the keys of storages, and each with its length."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    held: dict[str, np.ndarray] = {}

    def storage(key: tuple) -> np.ndarray:
        if not isinstance(key[4], int) or not 0 <= key[4] * key[1].itemsize <= size:
            raise _Refused(f"declares a storage of {key[4]!r} numbers in a file of {size:,} bytes")
        return held.setdefault(str(key[2]), np.zeros(key[4], key[1]))

    magic, protocol, system, found, keys = (_Unpickler(file, storage).load() for _ in range(5))
    if (magic, protocol) != (_MAGIC, 1001) or not system["little_endian"]:
        raise ValueError("it does not begin as torch's files do")
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        content = file.read(count * held[key].itemsize)
        held[key][:] = np.frombuffer(content, held[key].dtype)  # raises, were it not as many
    return _copied(found)


def _copied(found: Any) -> dict[str, np.ndarray]:
    """The dictionary's tensors, each in memory of its own."""
    for name in ("state_dict", "model"):
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise ValueError("it holds no dictionary of tensors")
    return {name: np.array(v) for name, v in found.items() if isinstance(v, np.ndarray)}
