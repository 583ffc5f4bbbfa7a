"""Which image files a folder holds, of which class, in which split of the user's own."""

import dataclasses
import os
import pathlib

from dlkit.data import decode
from dlkit.data.errors import DataError
from dlkit.data.names import listed, natural, readable
from dlkit.registry import errors

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
LITTER = {"thumbs.db", "desktop.ini", "__macosx"}

TREE = """{problem}
  Expected:
    {root}/
      cat/     001.jpg  002.png  …
      dog/     …
  or, split by yourself:
    {root}/
      train/   cat/…  dog/…
      val/     cat/…  dog/…
      test/    cat/…  dog/…"""


@dataclasses.dataclass(frozen=True)
class File:
    """An image file: where it is, relative to the root, and what it is of."""

    path: str
    label: str
    split: str  # "" where the folder is not split by its user


@dataclasses.dataclass(frozen=True)
class Layout:
    """What was found: files sorted by path, class names in natural order, what was left aside."""

    root: pathlib.Path
    files: tuple[File, ...]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


def find(data: str | os.PathLike | None) -> Layout:
    """Looks through `data/CLASS/*` or `data/{train,val,test}/CLASS/*`.

    Raises:
        DataError: it is no such folder; the message names the path and shows what is expected.
    """
    root = _root(data)
    search = _Search(root)
    folders = search.folders(root)
    own = [folder for folder in folders if folder.name.lower() in SPLIT_NAMES]
    # A class may be called "train" too: a split holds folders where a class holds images.
    if any(map(search.folders, own)) and not any(map(search.images, own)):
        search.own_split(own)
        search.aside("folders beside the splits", [each for each in folders if each not in own])
    else:
        search.classes(folders, "")
    search.aside("files outside class folders", search.files(root))
    return search.layout()


class _Search:
    """Goes through one folder and gathers files and notes."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.found: list[File] = []
        self.notes: list[str] = []

    def folders(self, folder: pathlib.Path) -> list[pathlib.Path]:
        return [each for each in _visible(folder) if each.is_dir()]

    def files(self, folder: pathlib.Path) -> list[pathlib.Path]:
        return [each for each in _visible(folder) if not each.is_dir()]

    def images(self, folder: pathlib.Path) -> list[pathlib.Path]:
        return [each for each in self.files(folder) if each.suffix.lower() in decode.SUFFIXES]

    def classes(self, folders: list[pathlib.Path], split: str) -> None:
        """Takes each folder as a class."""
        for folder in folders:
            images = set(self.images(folder))
            paths = [image.relative_to(self.root).as_posix() for image in images]
            self.found += [File(path, readable(folder.name), split) for path in paths]
            others = [each for each in _visible(folder) if each not in images]
            self.aside("files that are no JPEG or PNG, or folders inside classes", others)
        self._check_classes(folders, split)

    def own_split(self, folders: list[pathlib.Path]) -> None:
        """Takes each folder as a split of its user's making."""
        by_split: dict[str, pathlib.Path] = {}
        for folder in folders:
            split = SPLIT_NAMES[folder.name.lower()]
            if split in by_split:
                self.refuse(
                    f"holds both {by_split[split].name} and {folder.name}: one of them "
                    f"can be the {split} split."
                )
            by_split[split] = folder
        if "train" not in by_split:
            self.refuse(f"holds {listed([each.name for each in folders])}, but no train folder.")
        for split in sorted(by_split, key=["train", "val", "test"].index):
            self.classes(self.folders(by_split[split]), split)
            self.aside("files outside class folders", self.files(by_split[split]))
        known = {file.label for file in self.found if file.split == "train"}
        for file in self.found:
            if file.label not in known:
                self.refuse(
                    f"holds class {file.label!r} in {file.split}, but not in train."
                    f"{errors.suggestion(file.label, known)}"
                )

    def aside(self, what: str, paths: list[pathlib.Path]) -> None:
        if paths:
            names = [path.relative_to(self.root).as_posix() for path in paths]
            self.notes.append(f"left aside {len(names)} {what}: {listed(names)}.")

    def refuse(self, problem: str) -> None:
        raise DataError(
            TREE.format(problem=f"{self.root} {problem}", root=self.root.name or self.root),
            "Point at such a folder: --data FOLDER",
        )

    def layout(self) -> Layout:
        names = sorted({file.label for file in self.found}, key=natural)
        if len(names) == 1:
            self.refuse(f"holds images of one class only, {names[0]!r}; a classifier needs two.")
        files = sorted(self.found, key=lambda file: file.path)
        return Layout(self.root, tuple(files), tuple(names), tuple(self.notes))

    def _check_classes(self, folders: list[pathlib.Path], split: str) -> None:
        full = {file.label for file in self.found if file.split == split}
        empty = [folder for folder in folders if readable(folder.name) not in full]
        place = f"its {split} folder" if split else "it"
        if not full:
            self.refuse(self._nothing(folders, place))
        if empty and split in ("", "train"):
            held = _visible(empty[0])
            kinds = f"; it holds {listed([each.name for each in held])}" if held else ""
            names = listed([folder.relative_to(self.root).as_posix() for folder in empty])
            self.refuse(f"holds class folders without JPEG or PNG images: {names}{kinds}.")
        if empty:
            self.notes.append(f"no {split} images of: {listed([each.name for each in empty])}.")

    def _nothing(self, folders: list[pathlib.Path], place: str) -> str:
        deeper = [each for each in folders if any(self.images(sub) for sub in self.folders(each))]
        if deeper:
            return (
                f"has no images in class folders; those in {deeper[0].name}/ look like "
                f"classes. Did you mean --data {deeper[0]}?"
            )
        if not folders and self.images(self.root):
            return "holds images, but not in a folder for each class."
        if not _visible(self.root):
            return "is empty."
        return f"has no images: {place} holds no class folder with a JPEG or PNG file."


def _root(data: str | os.PathLike | None) -> pathlib.Path:
    if data is None:
        raise DataError(
            "image-folder needs the folder that holds the images.", "Name it: --data FOLDER"
        )
    root = pathlib.Path(data).expanduser().absolute()
    if root.is_dir():
        return root
    if root.exists():
        raise DataError(
            f"{root} is a file, not a folder of images.", "Unpack it, then: --data FOLDER"
        )
    raise DataError(f"{root} does not exist.", "Check the path: --data FOLDER")


def _visible(folder: pathlib.Path) -> list[pathlib.Path]:
    """What a folder holds, sorted, without hidden files and the litter of file managers."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read: {error.strerror or error}.", "Check its rights."
        ) from None
    return [
        each
        for each in entries
        if not each.name.startswith(".") and each.name.lower() not in LITTER
    ]
