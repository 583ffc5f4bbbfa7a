"""Which image files lie in the folders of known classes; their content is not looked at."""

import dataclasses
import hashlib
import os
import pathlib
from collections.abc import Iterator, Mapping

import numpy as np

from dlkit.data import decode
from dlkit.data.errors import DataError
from dlkit.data.folder_layout import LITTER, SPLIT_NAMES
from dlkit.data.names import listed, readable
from dlkit.registry.errors import suggestion

ONLY = "val"  # what a folder is that its user has not split

TREE = """{root} {problem}
  Expected:
    {base}/
      {first}/  1.JPEG  2.JPEG  …
      {second}/  …
  or the same in {base}/train and {base}/val."""


@dataclasses.dataclass(frozen=True, eq=False)
class Listing:
    """What was found; millions of names take little room as arrays.

    Attributes:
        folders: the class folders, by path.
        folder_of: (n,) int32, each file's folder.
        names: (n,) bytes, its name there.
        labels: (n,) int32, its class.
        splits: the rows of each split, by folder and name.
        fingerprint: SHA-256 over each file's split, path and size.
        notes: what was left aside.
    """

    folders: tuple[pathlib.Path, ...]
    folder_of: np.ndarray
    names: np.ndarray
    labels: np.ndarray
    splits: Mapping[str, np.ndarray]
    fingerprint: str
    notes: tuple[str, ...]

    def path(self, row: int) -> pathlib.Path:
        """Where a row's file is."""
        return self.folders[self.folder_of[row]] / os.fsdecode(bytes(self.names[row]))


@dataclasses.dataclass(frozen=True)
class _Held:
    """The images of one class in one split."""

    split: str
    folder: pathlib.Path
    label: int
    images: list[tuple[str, int]]  # name, bytes
    others: int


def find(data: str | os.PathLike | None, classes: Mapping[str, str], name: str) -> Listing:
    """Looks through `data/{train,val,test}/CLASS/*`, or `data/CLASS/*`.

    Raises:
        DataError: it is no such folder, or a folder's name is of no class; it is named.
    """
    root = _root(data, name)
    label_of = _spellings(classes)
    folder_of_split = _splits(root, label_of)
    held = [
        each
        for split, folder in folder_of_split.items()
        for each in _classes(split, folder, label_of, name)
    ]
    if not any(each.images for each in held):
        raise _nothing(root, classes)
    sizes = [len(each.images) for each in held]
    splits = {}
    for split in dict.fromkeys(each.split for each in held):
        own = [each.split == split for each in held]
        splits[split] = np.flatnonzero(np.repeat(own, sizes)).astype(np.int64)
    files = [os.fsencode(name) for each in held for name, _ in each.images]
    return Listing(
        folders=tuple(each.folder for each in held),
        folder_of=np.repeat(np.arange(len(held), dtype=np.int32), sizes),
        names=np.array(files, dtype=bytes),
        labels=np.repeat(np.array([each.label for each in held], np.int32), sizes),
        splits={split: rows for split, rows in splits.items() if len(rows)},
        fingerprint=_fingerprint(root, held),
        notes=(*_beside(root, folder_of_split), *_notes(held, classes)),
    )


def _root(data: str | os.PathLike | None, name: str) -> pathlib.Path:
    if data is None:
        raise DataError(f"{name} needs the folder that holds it.", "Name it: --data FOLDER")
    root = pathlib.Path(data).expanduser().absolute()
    if not root.is_dir():
        problem = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(f"{root} {problem}.", "Check the path: --data FOLDER")
    return root


def _spellings(classes: Mapping[str, str]) -> dict[str, int]:
    """A folder's name, with spaces for underscores -> the label."""
    known = {}
    for label, (key, called) in enumerate(classes.items()):
        known |= {_spelled(word): label for word in (key, called)}
    return known


def _spelled(word: str) -> str:
    return word.replace("_", " ")


def _splits(root: pathlib.Path, label_of: Mapping[str, int]) -> dict[str, pathlib.Path]:
    """The folder of each split; the root itself where it holds the classes."""
    folders = [each for each in _entries(root) if each.is_dir()]
    own: dict[str, pathlib.Path] = {}
    for entry in folders:
        split = SPLIT_NAMES.get(entry.name.lower())
        if split and _spelled(entry.name) not in label_of:
            if split in own:
                raise DataError(
                    f"{root} holds both {own[split].name} and {entry.name}: one of them can be "
                    f"the {split} split.",
                    "Move the other one away",
                )
            own[split] = pathlib.Path(entry.path)
    ordered = {split: own[split] for split in ("train", "val", "test") if split in own}
    return ordered or {ONLY: root}


def _classes(
    split: str, folder: pathlib.Path, label_of: Mapping[str, int], name: str
) -> Iterator[_Held]:
    for entry in _entries(folder):
        if not entry.is_dir():
            continue
        label = label_of.get(_spelled(entry.name))
        if label is None:
            raise DataError(
                f"{readable(entry.path)}: {readable(entry.name)!r} is no class of {name}."
                f"{suggestion(_spelled(entry.name), label_of)}",
                "Call each folder by its class, or move what is none away",
            )
        within = _entries(pathlib.Path(entry.path))
        images = [(each.name, each.stat().st_size) for each in within if _is_image(each)]
        yield _Held(split, pathlib.Path(entry.path), label, images, len(within) - len(images))


def _is_image(entry: os.DirEntry) -> bool:
    return entry.name.lower().endswith(decode.SUFFIXES) and entry.is_file()


def _entries(folder: pathlib.Path) -> list[os.DirEntry]:
    """What a folder holds, by name, without hidden files and the litter of file managers."""
    try:
        with os.scandir(folder) as found:
            visible = [e for e in found if e.name[0] != "." and e.name.lower() not in LITTER]
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read: {error.strerror or error}.", "Check its rights."
        ) from None
    return sorted(visible, key=lambda entry: entry.name)


def _nothing(root: pathlib.Path, classes: Mapping[str, str]) -> DataError:
    flat = any(_is_image(entry) for entry in _entries(root))
    flat = flat or any(
        _is_image(entry) for folder in _entries(root) if folder.is_dir()
        for entry in _entries(pathlib.Path(folder.path))
    )  # fmt: skip
    problem = "holds images, but not in a folder for each class." if flat else "holds no images."
    first, second = list(classes)[:2]
    tree = TREE.format(root=root, problem=problem, base=root.name, first=first, second=second)
    return DataError(tree, "Point at such a folder: --data FOLDER")


def _fingerprint(root: pathlib.Path, held: list[_Held]) -> str:
    digest = hashlib.sha256()
    for each in held:
        place = each.folder.relative_to(root).as_posix()
        for name, size in each.images:
            line = f"{each.split}\0{place}/{name}\0{size}\n"
            digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _beside(root: pathlib.Path, splits: Mapping[str, pathlib.Path]) -> list[str]:
    """A note on folders that lie beside the splits."""
    if root in splits.values():
        return []
    own = {folder.name for folder in splits.values()}
    others = [each.name for each in _entries(root) if each.is_dir() and each.name not in own]
    return [f"left aside folders beside the splits: {listed(others)}."] if others else []


def _notes(held: list[_Held], classes: Mapping[str, str]) -> tuple[str, ...]:
    notes = []
    others = [each for each in held if each.others]
    if others:
        count = sum(each.others for each in others)
        places = listed([each.folder.name for each in others])
        notes.append(f"left aside {count} files that are no JPEG or PNG, or folders: in {places}.")
    there = {each.label for each in held if each.images}
    if len(there) < len(classes):
        notes.append(f"{len(there)} of {len(classes)} classes are there.")
    return tuple(notes)
