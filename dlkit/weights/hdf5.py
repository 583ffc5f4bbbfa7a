"""HDF5 files from elsewhere: held against what weights are, before any value is read.

HDF5 is a file system in a file. A link may lead to another file, a dataset may keep its values
there, and one of a few bytes may declare a shape that fills the memory when it is read. (h5py's
lower level is twice as fast here: a model has thousands of datasets.)
"""

import math
import os
from collections.abc import Iterator
from typing import BinaryIO

import h5py
from h5py import h5d, h5g, h5l, h5o

from dlkit.registry import archive, errors

MOST_DEPTH = 100  # of groups in each other
MOST_OBJECTS = 200_000  # a model of a thousand layers, with its optimizer, has ten thousand

ANEW = "Ask its maker for a file that Keras itself wrote"


class _Wrong(Exception):
    """What is wrong with a group or dataset, which is named by its path in the file."""

    def __init__(self, name: str, reason: str):
        super().__init__(reason)
        self.name, self.reason = name, reason


def check(file: str | BinaryIO, path: str, place: str = "") -> None:
    """Refuses a file that leads to other files, or declares more than it stores.

    Args:
        file: the HDF5 file, by path or open.
        path: the file for messages.
        place: where in that file it is, such as the member of an archive.

    Raises:
        UnsafeFile: it names the group or dataset, and why.
        OSError: it is no HDF5 file, or is damaged.
    """
    declared = stored = 0
    try:
        with h5py.File(file, "r") as opened:
            for name, dataset in _datasets(opened):
                takes, has = _sizes(dataset)
                _limit(name, takes, has)
                declared, stored = declared + takes, stored + has
            _limit("/", declared, stored)
    except _Wrong as wrong:
        name = archive.shown(wrong.name)
        within = f"{place}, {name}" if place else name
        raise errors.UnsafeFile(path, within, wrong.reason, ANEW) from None
    except OSError:
        raise
    except archive.DAMAGED as error:
        raise OSError(f"the HDF5 file is damaged: {error}") from None


def _datasets(opened: h5py.File) -> Iterator[tuple[str, h5d.DatasetID]]:
    """Every dataset with its path, each once, however many links lead to it."""
    seen: set[int] = set()
    pending = [(opened.id, "", 0)]
    while pending:
        group, path, depth = pending.pop()
        for name in group:
            here = f"{path}/{name.decode('utf-8', 'backslashreplace')}"
            found = _held(group, name, here)
            address = h5o.get_info(found).addr
            if address in seen:
                continue
            seen.add(address)
            if depth > MOST_DEPTH or len(seen) > MOST_OBJECTS:
                raise _Wrong(path or "/", "holds more groups than weights have")
            if isinstance(found, h5g.GroupID):
                pending.append((found, here, depth + 1))
            elif isinstance(found, h5d.DatasetID):
                yield here, found


def _held(group: h5g.GroupID, name: bytes, path: str) -> h5g.GroupID | h5d.DatasetID:
    """What a name leads to, which is in this file."""
    kind = group.links.get_info(name).type
    if kind == h5l.TYPE_EXTERNAL:
        file, _ = group.links.get_val(name)
        raise _Wrong(path, f"is a link into the file {errors.shown(os.fsdecode(file))}")
    if kind != h5l.TYPE_HARD:
        raise _Wrong(path, "is a soft link, which no weights have")
    found = h5o.open(group, name)
    if isinstance(found, h5d.DatasetID):
        made = found.get_create_plist()
        if made.get_external_count():
            file, _, _ = made.get_external(0)
            raise _Wrong(path, f"keeps its values in the file {errors.shown(os.fsdecode(file))}")
        if made.get_layout() == h5d.VIRTUAL:
            raise _Wrong(path, "is put together from other datasets")
    return found


def _sizes(dataset: h5d.DatasetID) -> tuple[int, int]:
    """Bytes that reading takes, and bytes in the file. A chunk is unfolded whole."""
    made = dataset.get_create_plist()
    chunk = made.get_chunk() if made.get_layout() == h5d.CHUNKED else (0,)
    elements = max(math.prod(dataset.shape or ()), math.prod(chunk))
    return elements * dataset.get_type().get_size(), dataset.get_storage_size()


def _limit(name: str, takes: int, has: int) -> None:
    if archive.is_bomb(takes, has):
        raise _Wrong(name, archive.bomb(takes, has))
