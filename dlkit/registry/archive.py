"""Zip archives from elsewhere: their members are held against limits before any is unpacked.

Nothing in an archive is to be believed: a member may be named `../../.bashrc`, be a link, or
unfold to a thousand times what it takes on disk. Standard library alone.
"""

import io
import os
import pathlib
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO

from dlkit.registry import errors

FLOOR = 64 * 2**20  # bytes that may unfold from however little
RATIO = 100  # beyond the floor; zeros reach 1000, weights 2, text 10
MOST_MEMBERS = 100_000  # of a model or of arrays

SOUND = "Ask its maker for a file as the library wrote it"
DAMAGED = (
    OSError, ValueError, LookupError, EOFError, RuntimeError, NotImplementedError, struct.error,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a broken archive may raise."""

_ENCRYPTED = 0x1  # of a member's flag bits
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, lengths of the name and of the extra field


def check(opened: zipfile.ZipFile, path: str, most: int = MOST_MEMBERS) -> None:
    """Refuses an archive that could write elsewhere, or fill the memory or the disk.

    Args:
        opened: the archive; only its list of members is looked at.
        path: its file, for its size and for the message.
        most: how many members it may have.

    Raises:
        UnsafeFile: the first member that is not what an honest one is, and why.
    """
    members = opened.infolist()
    if len(members) > most:
        raise errors.UnsafeFile(path, "", f"has {len(members):,} members", SOUND)
    seen: set[str] = set()
    for member in members:
        wrong = _wrong(member) or ("is there twice" if member.filename in seen else "")
        if wrong:
            raise errors.UnsafeFile(path, shown(member.filename), wrong, SOUND)
        seen.add(member.filename)
    total, size = sum(member.file_size for member in members), pathlib.Path(path).stat().st_size
    if is_bomb(total, size):  # members may share their bytes, and each pass by itself
        raise errors.UnsafeFile(path, "", bomb(total, size), SOUND)


def is_bomb(unfolded: int, stored: int) -> bool:
    """Whether that many bytes are too many to come from so few."""
    return unfolded > FLOOR and unfolded > RATIO * stored


def bomb(unfolded: int, stored: int) -> str:
    """What to say of a bomb."""
    return f"would unfold from {stored:,} bytes to {unfolded:,}"


def wrong_name(name: str) -> str:
    """Why a member of this name would land outside the folder it is unpacked to; else nothing."""
    path = pathlib.PureWindowsPath(name)  # which takes / and \\ for the same, and knows drives
    if path.root or path.drive:
        return "is named by an absolute path"
    if ".." in path.parts or "\\" in name:
        return "is named by a path that leads out of the archive"
    if "\0" in name or not path.parts:
        return "has no name that a file can have"
    return ""


def shown(name: str) -> str:
    """A member's name as a message shows it: short, and with no control characters."""
    return errors.shown(name).strip("'\"")


def member(path: str, opened: zipfile.ZipFile, name: str) -> BinaryIO:
    """A member as a file that can be read at any place.

    What is stored as it is, is read from the archive in place; `ZipFile.open` would read it from
    its beginning at each step back. What is compressed is unfolded in memory.

    Raises:
        What `DAMAGED` holds, where it cannot be read.
    """
    info = opened.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        return io.BytesIO(opened.read(info))
    file = open(path, "rb")  # noqa: SIM115  the window closes it
    try:
        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER.size)
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        if signature != b"PK\x03\x04":
            raise zipfile.BadZipFile(f"{name} has no header of its own")
        start = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        return _Window(file, start, info.file_size)
    except BaseException:
        file.close()
        raise


def _wrong(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16  # of Unix, where the archive was made there
    if wrong := wrong_name(member.filename):
        return wrong
    if stat.S_ISLNK(mode):
        return "is a link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is neither a file nor a folder"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in _METHODS:
        return f"is compressed by method {member.compress_type}, not by deflate"
    if is_bomb(member.file_size, member.compress_size):
        return bomb(member.file_size, member.compress_size)
    return ""


class _Window(io.RawIOBase):
    """A part of a file, as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int):
        super().__init__()
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer) -> int:
        self._file.seek(self._start + self._at)
        wanted = max(0, min(len(buffer), self._size - self._at))
        content = self._file.read(wanted)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()
