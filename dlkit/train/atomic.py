"""Files that are either whole or not there: write aside, flush to disk, then rename.

A crash, a full disk or a kill at any moment leaves the old file or the new one, never half of
one. The rename is atomic on POSIX and on NTFS; flushing the folder makes it last a power cut.
"""

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator


def write_bytes(path: str | os.PathLike, content: bytes) -> pathlib.Path:
    """Replaces `path` by `content`, or leaves it as it was.

    Raises:
        OSError: the disk is full, read-only or gone; nothing of the new content stays. It names
            `path`.
    """
    path = pathlib.Path(path)
    with _told_of(path):
        _write(path, content)
    return path


def write_text(path: str | os.PathLike, content: str) -> pathlib.Path:
    """Replaces `path` by `content` in UTF-8, or leaves it as it was."""
    return write_bytes(path, content.encode("utf-8"))


@contextlib.contextmanager
def folder(
    path: str | os.PathLike, keep: str | os.PathLike | None = None
) -> Iterator[pathlib.Path]:
    """Fills a folder aside and puts it in the place of `path` when the block ends well.

    Args:
        path: the folder to make or replace.
        keep: where the folder that stood at `path` goes; without it, it is removed.

    Between two renames `path` is missing for an instant. A crash there leaves what stood at it at
    `keep`, or else where `recover` finds it.

    Raises:
        OSError: the system refuses something; it names `path`, not the folder aside.
    """
    path = pathlib.Path(path)
    with _told_of(path), _filled(path, keep) as aside:
        yield aside


@contextlib.contextmanager
def _filled(path: pathlib.Path, keep: str | os.PathLike | None) -> Iterator[pathlib.Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = pathlib.Path(tempfile.mkdtemp(dir=path.parent, prefix=_aside(path), suffix=".tmp"))
    aside.chmod(0o777 & ~_umask())
    discarded = _discarded(pathlib.Path(keep) if keep else path)
    try:
        yield aside
        for file in aside.rglob("*"):
            sync_folder(file) if file.is_dir() else _sync_file(file)
        sync_folder(aside)
        shutil.rmtree(discarded, ignore_errors=True)
        for old, new in ((keep, discarded), (path, keep)) if keep else ((path, discarded),):
            if pathlib.Path(old).exists():  # renamed, not removed: half a folder is never seen
                os.replace(old, new)
        os.replace(aside, path)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync_folder(path.parent)
    shutil.rmtree(discarded, ignore_errors=True)


def recover(parent: str | os.PathLike, *names: str) -> None:
    """Clears up after a process that was killed in `folder`: what it half wrote is removed.

    Args:
        parent: the folder that the others are in.
        names: of the folders; one that was retired and not replaced is put back.
    """
    parent = pathlib.Path(parent)
    for name in names:
        path = parent / name
        if not path.exists() and _discarded(path).exists():
            os.replace(_discarded(path), path)
        shutil.rmtree(_discarded(path), ignore_errors=True)
        for aside in parent.glob(f"{_aside(path)}*.tmp"):
            shutil.rmtree(aside, ignore_errors=True)


def standing(path: str | os.PathLike) -> pathlib.Path:
    """Where the folder that belongs at `path` is to be read: a crash may have left it retired."""
    path = pathlib.Path(path)
    return _discarded(path) if not path.exists() and _discarded(path).exists() else path


def sync_folder(path: str | os.PathLike) -> None:
    """Flushes a folder's own entries to disk; where the system cannot, it is left to the system."""
    if os.name == "nt":  # Windows has no handle on folders to flush
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _discarded(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f".{path.name}.old")


def _write(path: pathlib.Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_aside(path), suffix=".tmp")
    aside = pathlib.Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(0o666 & ~_umask())  # mkstemp makes private files; a report is to be shared
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def _told_of(path: pathlib.Path) -> Iterator[None]:
    """Has the system's refusals name what was to be written: nobody knows the file aside."""
    try:
        yield
    except OSError as error:
        parts = pathlib.Path(str(error.filename)).parts
        is_aside = any(part.startswith(_aside(path)) for part in parts)
        if error.errno is None or not (error.filename is None or is_aside):
            raise  # a library's own error, or of a file that the caller does know
        raise OSError(error.errno, error.strerror, str(path)) from error


def _aside(path: pathlib.Path) -> str:
    """What the names of files beside `path` begin with."""
    return f".{path.name}."


def _sync_file(path: pathlib.Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)  # there is no way to read it but to set it
    os.umask(mask)
    return mask
