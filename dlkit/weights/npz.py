"""NumPy's archives of arrays, read without trusting them.

`numpy.load` makes room for the shape that a header declares before it looks for the values, and
unfolds whatever the archive holds. Here both are held against the file first, and what is no plain
array is refused; no pickle is ever opened.
"""

import math
import os
import tokenize
import zipfile
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from dlkit.registry import archive, errors

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_UNREADABLE = (SyntaxError, tokenize.TokenError, TypeError, MemoryError)
"""What NumPy raises of a header, besides ValueError; headers are parsed as Python's literals."""


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Every array of an `.npz` file by its name.

    Raises:
        UnsafeFile: an array holds Python objects or declares another size than it has, or the
            archive is a bomb.
        ValueError: it is no such file, or is damaged.
        OSError: it cannot be opened.
    """
    path = os.fsdecode(path)
    with open(path, "rb") as file:  # what this raises is the system's, not the file's
        try:
            with zipfile.ZipFile(file) as packed:
                archive.check(packed, path)
                for member in packed.infolist():
                    with packed.open(member) as opened:
                        _check(opened, member, path)
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except errors.UnsafeFile:
            raise
        except archive.DAMAGED as error:
            raise ValueError(f"it is no .npz file, or is damaged ({error})") from None


def _check(opened: BinaryIO, member: zipfile.ZipInfo, path: str) -> None:
    version = npy.read_magic(opened)
    if version not in _HEADERS:
        raise ValueError(f"{member.filename} is of format {version}")
    try:
        shape, _, dtype = _HEADERS[version](opened)
    except _UNREADABLE as error:
        raise ValueError(f"{member.filename} has no header that can be read: {error}") from None
    if dtype.hasobject:
        raise _refused(path, member, "holds Python objects, which reading would run")
    declared, there = math.prod(shape) * dtype.itemsize, member.file_size - opened.tell()
    if declared != there:
        raise _refused(path, member, f"declares {declared:,} bytes and has {there:,}")


def _refused(path: str, member: zipfile.ZipInfo, reason: str) -> errors.UnsafeFile:
    fix = "Ask its maker for a file that numpy.savez wrote, with arrays of numbers or text"
    return errors.UnsafeFile(path, archive.shown(member.filename), reason, fix)
