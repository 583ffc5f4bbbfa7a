"""One file from an address to the disk, in as many pieces as the connection breaks into.

What came stays in the file; after a cut, in this call or in a later process, only the rest is
asked for (RFC 9110, section 14). A server that knows no ranges sends all of it again.
"""

import http.client
import logging
import pathlib
import re
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import BinaryIO

import tqdm

from dlkit.registry.errors import DlkitError

SCHEMES = ("https", "http", "file")
SILENCE = 30  # seconds without a byte after which a connection is given up
FRUITLESS = 2  # attempts in a row that bring nothing before it gives up
PAUSE = 1.0  # seconds before the next, where one brought nothing
PIECE = 2**18  # bytes read at once
LATER = (408, 425, 429, 500, 502, 503, 504)  # a server's answers that may change in a moment

_log = logging.getLogger(__name__)


class TransferError(DlkitError):
    """The file did not come, or not all of it; the message says why."""


class _Cut(Exception):
    """The connection broke, or the server asks to come again."""


def receive(url: str, file: pathlib.Path, *, size: int = 0, title: str = "") -> None:
    """Appends to a file what it lacks of what an address gives.

    Args:
        url: where it is: `https://`, `http://` or `file://`.
        file: what came before, if anything; it is begun where it is not there.
        size: bytes that the whole has; 0 where that is not known.
        title: what the bar of progress, on standard error, is called.

    Raises:
        TransferError: it is not to be had, or the connection was cut too often; what came stays.
        OSError: the disk is full, or the file cannot be written.
    """
    if urllib.parse.urlsplit(url).scheme not in SCHEMES:
        raise TransferError(f"{url} is no address that is read: {', '.join(SCHEMES)} are")
    fruitless = 0
    while True:
        before = _length(file)
        try:
            return _append(url, file, before, size, title or url)
        except _Cut as cut:
            fruitless = fruitless + 1 if _length(file) <= before else 0
            if fruitless == FRUITLESS:
                kept = f"; {_length(file):,} bytes are kept" if _length(file) else ""
                raise TransferError(f"{cut}{kept}") from cut
            _log.warning("%s: %s; trying again", title or url, cut)
            time.sleep(PAUSE * fruitless)


def _append(url: str, file: pathlib.Path, offset: int, size: int, title: str) -> None:
    if size and offset >= size:
        if offset == size:
            return
        offset = 0  # it was begun as something else
    with _opened(url, offset) as answer:
        begins, whole = _extent(answer, offset)
        _check_size(url, file, begins, whole, size)
        with file.open("r+b" if file.exists() else "wb") as kept:
            kept.truncate(begins)
            kept.seek(begins)
            expected = whole or size
            came = begins + _copy(answer, kept, begins, expected, size, title)
        if came < expected:
            raise _Cut(f"the connection was cut at {came:,} of {expected:,} bytes")


def _opened(url: str, offset: int) -> BinaryIO:
    request = urllib.request.Request(url, headers={"User-Agent": "dlkit"})
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    try:
        return urllib.request.urlopen(request, timeout=SILENCE)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            return _opened(url, 0)  # what is there is no beginning of it, or is all of it
        reason = f"the server answers {error.code} {error.reason}"
        raise (_Cut if error.code in LATER else TransferError)(reason) from None
    except urllib.error.URLError as error:
        raise _Cut(str(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(str(error) or type(error).__name__) from None


def _extent(answer: BinaryIO, offset: int) -> tuple[int, int]:
    """The byte at which the answer begins, and how many the whole has; 0 where it does not say."""
    told = answer.headers.get("Content-Length") or ""
    length = int(told) if told.isdecimal() else 0
    if getattr(answer, "status", None) != http.client.PARTIAL_CONTENT:
        return 0, length
    told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if not told or int(told[1]) != offset:
        raise TransferError("the server answers with another part of the file than was asked for")
    return offset, offset + length


def _check_size(url: str, file: pathlib.Path, begins: int, whole: int, size: int) -> None:
    if size and whole and whole != size:
        raise TransferError(f"{url} has {whole:,} bytes, and {size:,} are expected")
    free = shutil.disk_usage(file.parent).free
    if whole - begins > free:
        raise TransferError(f"{whole - begins:,} bytes are missing, and the disk has {free:,} left")


def _copy(answer: BinaryIO, kept: BinaryIO, begins: int, total: int, most: int, title: str) -> int:
    """Copies the answer to its end, and says how many bytes that were."""
    often = 0.1 if sys.stderr.isatty() else 30  # seconds between two lines of a log
    copied = 0
    sizes = {"initial": begins, "total": total or None, "unit": "B", "unit_scale": True}
    with tqdm.tqdm(desc=title, mininterval=often, **sizes) as bar:
        while True:
            try:
                piece = answer.read(PIECE)
            except (OSError, http.client.HTTPException) as error:
                raise _Cut(f"the connection was cut ({error or type(error).__name__})") from None
            if not piece:
                return copied
            copied += len(piece)
            if most and begins + copied > most:
                raise TransferError(f"more than {most:,} bytes come, which is what it should have")
            kept.write(piece)
            bar.update(len(piece))


def _length(file: pathlib.Path) -> int:
    return file.stat().st_size if file.exists() else 0
