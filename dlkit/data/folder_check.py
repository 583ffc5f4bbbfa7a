"""Reads every image of a folder once: which are broken, how they are turned, what they hold."""

import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import sys
import warnings
from collections.abc import Iterator, Sequence

import tqdm

from dlkit.data import decode
from dlkit.data.errors import DataError
from dlkit.data.folder_layout import File
from dlkit.data.names import NAMED, readable

MANY = 500  # files; with more, a bar shows how far the check is


@dataclasses.dataclass(frozen=True)
class Checked:
    """A file that was read: its problem or "", EXIF orientation, size and SHA-256."""

    file: File
    problem: str
    orientation: int
    size: int
    digest: str


def read_all(root: pathlib.Path, files: Sequence[File]) -> list[Checked]:
    """Decodes every file with the decoder that training uses, so the two cannot disagree.

    The files are read whole, in parallel, and not kept. On a terminal a bar shows the progress.
    """
    with (
        warnings.catch_warnings(),  # of odd EXIF data, a line for each such file
        concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool,  # decoding frees the GIL
    ):
        warnings.simplefilter("ignore")
        checked: Iterator[Checked] = pool.map(lambda file: _read(root, file), files)
        quiet = len(files) <= MANY or not sys.stderr.isatty()
        return list(tqdm.tqdm(checked, "checking images", len(files), disable=quiet, unit="file"))


def usable(
    root: pathlib.Path, checked: Sequence[Checked], on_broken: str
) -> tuple[list[Checked], list[str]]:
    """The files that decode, and a note on those that do not.

    Args:
        root: the folder.
        checked: what `read_all` found.
        on_broken: "refuse" or "skip".

    Raises:
        DataError: files are broken and `on_broken` is "refuse"; up to five are named.
    """
    broken = [each for each in checked if each.problem]
    if not broken:
        return list(checked), []
    count = f"{len(broken)} broken file{'s' * (len(broken) > 1)}"
    named = [f"{readable(each.file.path)} {each.problem}" for each in broken[:NAMED]]
    if len(broken) > NAMED:
        named.append(f"and {len(broken) - NAMED} more")
    if on_broken == "refuse":
        raise DataError(
            "\n    ".join([f"{root} holds {count}:", *named]),
            "Repair or remove them, or leave them out: --set data_options.on_broken=skip",
        )
    return [each for each in checked if not each.problem], [f"{count} skipped: {'; '.join(named)}."]


def twins(checked: Sequence[Checked], split_of: Sequence[str]) -> list[str]:
    """Notes on files with the same bytes: in two splits they flatter the result, in two classes
    they contradict each other.

    Args:
        checked: usable files.
        split_of: the split of each.
    """
    groups: dict[str, list[int]] = {}
    for place, each in enumerate(checked):
        groups.setdefault(each.digest, []).append(place)
    groups = {digest: places for digest, places in groups.items() if len(places) > 1}
    notes = []
    for where, key in (
        ("splits", lambda place: split_of[place]),
        ("classes", lambda place: checked[place].file.label),
    ):
        across = [places for places in groups.values() if len({*map(key, places)}) > 1]
        if across:
            example = " = ".join(readable(checked[place].file.path) for place in across[0][:NAMED])
            images = "image stands" if len(across) == 1 else "images stand"
            notes.append(f"{len(across)} {images} in several {where}, byte for byte: {example}.")
    return notes


def fingerprint(checked: Sequence[Checked], split_of: Sequence[str]) -> str:
    """SHA-256 over each file's split, path, size and the SHA-256 of its bytes, in path order."""
    digest = hashlib.sha256()
    for each, split in zip(checked, split_of, strict=True):
        line = f"{split}\0{each.file.path}\0{each.size}\0{each.digest}\n"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _read(root: pathlib.Path, file: File) -> Checked:
    try:
        contents = (root / file.path).read_bytes()
    except OSError as error:
        return Checked(file, f"cannot be read: {error.strerror or error}", decode.UPRIGHT, 0, "")
    orientation, problem = decode.inspect(contents)
    return Checked(file, problem, orientation, len(contents), hashlib.sha256(contents).hexdigest())
