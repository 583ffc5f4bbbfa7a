"""Archives from elsewhere -> a folder, of plain files and folders and of nothing else.

What is unpacked is written by this module, file by file: no link is made or followed, no owner or
permission is taken over, nothing is replaced, and nothing lands outside the folder. The folder
appears when all of it is there. (`tarfile`'s own `data` filter lets links through that stay inside;
it was escaped more than once.)
"""

import bz2
import gzip
import os
import pathlib
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from dlkit.data.errors import DataError
from dlkit.registry import archive, errors

MOST_MEMBERS = 5_000_000  # ImageNet has a million and a half
PIECE = 2**16  # bytes copied at once; a tar's header has fewer

_COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}  # how such a file begins


class _Member(NamedTuple):
    name: str
    size: int  # bytes when it is unfolded
    content: BinaryIO | None  # None of a folder


def unpack(packed: pathlib.Path, folder: pathlib.Path) -> None:
    """Unpacks a `.zip`, `.tar`, `.tar.gz` or `.tar.bz2` into a folder that is not there yet.

    Args:
        packed: the archive; its kind is told by its content.
        folder: where what is in it goes; it is made, whole or not at all.

    Raises:
        UnsafeFile: a member would land elsewhere, is a link or a device, or is a bomb.
        DataError: it is no such archive, or is damaged.
        OSError: the disk is full, or the folder cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for member in _checked(_members(packed), packed):
            _write(member, aside, packed)
        aside.chmod(0o755)  # mkdtemp's are private
        if not folder.is_dir():  # another process may have been quicker
            os.replace(aside, folder)
    except errors.DlkitError:
        raise
    except (tarfile.TarError, *archive.DAMAGED) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's; the ones of gzip and bz2 have no number
        raise DataError(
            f"{packed} is no archive that can be unpacked, or is damaged: {error}.",
            "Remove it, and have it fetched again.",
        ) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _members(packed: pathlib.Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(packed):
        with zipfile.ZipFile(packed) as opened:
            archive.check(opened, str(packed), MOST_MEMBERS)
            for info in opened.infolist():
                if info.is_dir():
                    yield _Member(info.filename, 0, None)
                    continue
                with opened.open(info) as content:
                    yield _Member(info.filename, info.file_size, content)
        return
    with packed.open("rb") as file:
        start = file.read(3)
    compressed = (open_ for magic, open_ in _COMPRESSED.items() if start.startswith(magic))
    with next(compressed, open)(packed, "rb") as unfolded:
        yield from _of_tar(_Careful(unfolded, packed), packed)


def _of_tar(unfolded: "_Careful", packed: pathlib.Path) -> Iterator[_Member]:
    with tarfile.open(fileobj=unfolded, mode="r:") as opened:
        for info in opened:
            if pathlib.PurePosixPath(info.name) == pathlib.PurePosixPath():
                continue  # ./, the folder itself
            if info.isdir():
                yield _Member(info.name, 0, None)
            elif info.isreg():
                yield _Member(info.name, info.size, opened.extractfile(info))
            else:
                link = info.issym() or info.islnk()
                wrong = f"is a link to {errors.shown(info.linkname)}" if link else "is a device"
                raise _refused(packed, info.name, wrong)


def _checked(members: Iterator[_Member], packed: pathlib.Path) -> Iterator[_Member]:
    """The members, up to the first that is not what an honest one is."""
    stored, total = packed.stat().st_size, 0
    for count, member in enumerate(members, start=1):
        total += member.size
        wrong = archive.wrong_name(member.name)
        if archive.is_bomb(total, stored):
            wrong = archive.bomb(total, stored)
        if count > MOST_MEMBERS:
            wrong = f"comes after {MOST_MEMBERS:,} others"
        if wrong:
            raise _refused(packed, member.name, wrong)
        yield member


def _write(member: _Member, folder: pathlib.Path, packed: pathlib.Path) -> None:
    target = folder / member.name
    try:
        if member.content is None:
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:  # never over what an earlier member brought
            shutil.copyfileobj(member.content, file, PIECE)
    except (FileExistsError, NotADirectoryError):
        raise _refused(packed, member.name, "collides with another member") from None
    if target.stat().st_size != member.size:
        raise EOFError(f"{member.name} is cut short")


def _refused(packed: pathlib.Path, name: str, reason: str) -> errors.UnsafeFile:
    return errors.UnsafeFile(str(packed), archive.shown(name), reason, archive.SOUND)


class _Careful:
    """A tar's bytes, of which no more are given at once than an honest reader asks for.

    A tar keeps long names in records of any size, which are read whole before anything is known of
    the member; compressed, a small file brings gigabytes of them.
    """

    def __init__(self, file: BinaryIO, packed: pathlib.Path):
        self._file, self._packed = file, packed
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= PIECE:
            raise _refused(self._packed, "", f"has a record of {size:,} bytes")
        return self._file.read(size)
