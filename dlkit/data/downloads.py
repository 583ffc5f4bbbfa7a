"""Published files: found in the cache, or fetched into it, and always held against their hash.

The cache is the folder DLKIT_HOME; without it, and for what DLKIT_HOME lacks, Keras' own
(KERAS_HOME or `~/.keras`). A file that was put there by hand serves as well as a fetched one, so a
machine without a network needs nothing but the files.
"""

import contextlib
import hashlib
import logging
import os
import pathlib
import re
from collections.abc import Iterator

from dlkit.data import transfer
from dlkit.registry.errors import DlkitError

FORMS = {"sha256": ("sha256", 64), "md5": ("md5", 32), "sha256-8": ("sha256", 8)}
"""How publishers give a hash: its name here, the algorithm, the hex digits that are given."""

_log = logging.getLogger(__name__)


class DownloadError(DlkitError):
    """A file is not in the cache and did not come, or is not the one that was published."""


def homes() -> list[pathlib.Path]:
    """The folders that are searched; the first is the one that is written to."""
    keras = pathlib.Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    own = os.environ.get("DLKIT_HOME")
    return [pathlib.Path(own).expanduser(), keras] if own else [keras]


def fetch(url: str, name: str, hash: str, *, folder: str, size: int = 0) -> pathlib.Path:
    """The published file, from the cache or from its address.

    Args:
        url: its address, `https://`, `http://` or `file://`.
        name: its name in the cache.
        hash: `sha256:` and 64 hex digits, `md5:` and 32, or `sha256-8:` and the first 8 of a
            SHA-256, as its publisher gives it.
        folder: the folder of the cache, such as `datasets`.
        size: its bytes, where they are known; no more are taken.

    Returns:
        Its path; its content is what the hash says.

    Raises:
        DownloadError: it is not to be had, or is another file than was published. The message
            says where to put it by hand.
        ValueError: the hash is of no such form, or the name is a path.
    """
    _parsed(hash)
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise ValueError(f"{name!r} is no name of a file")
    places = [home / folder / name for home in homes()]
    path = places[0]
    try:
        for place in places:
            if place.is_file() and matches(place, hash):
                return place
        if path.is_file():
            _log.warning("%s is not the file that was published: its %s", path, _differs(hash))
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.with_name(f"{name}.part")) as part:
            if not (path.is_file() and matches(path, hash)):  # another process may have brought it
                _receive(url, part, hash, size, name)
                os.replace(part, path)
    except OSError as error:
        raise DownloadError(
            f"{error.filename or path} cannot be used: {error.strerror or error}",
            "Choose a folder for downloads: export DLKIT_HOME=/path/to/folder",
        ) from error
    except transfer.TransferError as error:
        state = "is not on this machine"
        if path.is_file():
            state = f"is another file on this machine than was published (its {_differs(hash)})"
        raise DownloadError(
            f"{name} {state} and could not be fetched: {error.message}\n"
            f"  From: {url}\n"
            f"  To put it there by hand: save that file as {path}",
            "Where there is a network, run it again: what came is kept, and it goes on there",
        ) from error
    return path


def matches(path: pathlib.Path, hash: str) -> bool:
    """Whether a file's content is what a hash says."""
    algorithm, digits = _parsed(hash)
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest().startswith(digits)


def _receive(url: str, part: pathlib.Path, hash: str, size: int, name: str) -> None:
    """Fetches into `part`, and once more from the beginning where it had begun as another file."""
    had = part.stat().st_size
    if had and matches(part, hash):
        return
    transfer.receive(url, part, size=size, title=name)
    if had and not matches(part, hash):
        _truncate(part)
        transfer.receive(url, part, size=size, title=name)
    if not matches(part, hash):
        _truncate(part)
        raise DownloadError(
            f"{url} gives another file than was published: its {_differs(hash)}. It was removed.",
            "Ask its publisher which file it is, and pin that file's hash",
        )


@contextlib.contextmanager
def _alone(part: pathlib.Path) -> Iterator[pathlib.Path]:
    """Keeps other processes from writing to the same part; they wait. Windows has no such lock."""
    with part.open("ab") as held:
        with contextlib.suppress(ImportError):
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX)
        yield part


def _truncate(part: pathlib.Path) -> None:
    os.truncate(part, 0)


def _parsed(hash: str) -> tuple[str, str]:
    form, _, digits = hash.partition(":")
    algorithm, length = FORMS.get(form, ("", 0))
    if not algorithm or len(digits) != length or set(digits) - set("0123456789abcdef"):
        raise ValueError(f"{hash!r} is no hash: 'sha256:…', 'md5:…' or 'sha256-8:…' is")
    return algorithm, digits


def _differs(hash: str) -> str:
    form, _, digits = hash.partition(":")
    return f"{FORMS[form][0].upper()} is not {digits[:8]}…"
