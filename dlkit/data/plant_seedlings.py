"""The Plant Seedlings photographs: twelve kinds of weed and crop, seen from above."""

import dataclasses
import os
import pathlib

from dlkit.data import errors, image_folder
from dlkit.data.names import listed
from dlkit.data.source import Source

CLASSES = (
    *("Black-grass", "Charlock", "Cleavers", "Common Chickweed", "Common wheat", "Fat Hen"),
    *("Loose Silky-bent", "Maize", "Scentless Mayweed", "Shepherds Purse"),
    *("Small-flowered Cranesbill", "Sugar beet"),
)
"""Folders are told by their letters alone: some copies write "Shepherd’s Purse"."""

WITHIN = ("nonsegmentedv2", "train")
"""Folders that hold the twelve in copies of version 2, and in Kaggle's competition."""

WHERE = f"""
  The photographs are not fetched by themselves. They are free to download:
    https://vision.eng.au.dk/plant-seedlings-dataset/
    https://www.kaggle.com/datasets/vbookshelf/v2-plant-seedlings-dataset
  Unpack them to a folder that holds a folder for each kind:
    {", ".join(CLASSES[:6])},
    {", ".join(CLASSES[6:])}"""


def plant_seedlings(
    *,
    data: str | os.PathLike | None = None,
    image_size: int | None = None,
    on_broken: str = "refuse",
    val_share: float = 0.15,
    test_share: float = 0.25,
    split_seed: int = 0,
) -> Source:
    """Photographs of seedlings of twelve kinds, (size, size, 3) uint8, from a folder of the user's.

    Version 2 has 5,539 of them, of some kinds two or three times as many as of others:
    `class_weights=true` is worth a trial. They are read, checked and split as `image_folder` says.

    Args:
        data: the folder with the twelve folders, or one that holds it, as Kaggle's copies do; the
            competition's `test` has no labels and is left alone.
        image_size: height and width to which images are resized, aspect ratio not kept; None: 64.
        on_broken: "refuse" raises if a file cannot be decoded, "skip" leaves it out with a note.
        val_share: the part of the files that steers training.
        test_share: the part that only the final evaluation sees; may be 0.
        split_seed: chooses among the splits.

    Raises:
        DataError: no folder is given, or it does not hold the twelve kinds; the message says where
            they are to be had. And what `image_folder` raises.

    Source: Giselsson, Jørgensen, Jensen, Dyrmann and Midtiby, "A public image database for
    benchmark of plant seedling classification algorithms", 2017, arXiv 1711.05458 (CC BY-SA 4.0).

    Example:
        >>> plant_seedlings(data="plant-seedlings", image_size=96).class_names[7]
        'Maize'
    """
    if data is None:
        raise _refused("plant-seedlings needs the folder that holds its photographs.")
    source = image_folder.image_folder(
        data=_root(pathlib.Path(data).expanduser().absolute()),
        image_size=image_size,
        on_broken=on_broken,
        val_share=val_share,
        test_share=test_share,
        split_seed=split_seed,
    )
    return dataclasses.replace(source, name="plant-seedlings", class_names=CLASSES)


def _root(data: pathlib.Path) -> pathlib.Path:
    """The folder that holds the twelve and no other: the one given, or one within."""
    wanted = {_letters(name): name for name in CLASSES}
    for folder in (*(data / name for name in WITHIN), data):
        there = {_letters(name): name for name in _folders(folder)}
        if there.keys() == wanted.keys():
            return folder
    if not data.is_dir():
        raise _refused(f"{data} is no folder.")
    missing = [name for key, name in wanted.items() if key not in there]
    others = [name for key, name in there.items() if key not in wanted]
    lacks = f"lacks {listed(missing)}" if missing else ""
    holds = f"holds {listed(others)}, which is none of the twelve" if others else ""
    raise _refused(f"{data} {' and '.join(filter(None, (lacks, holds)))}.")


def _folders(folder: pathlib.Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [each.name for each in folder.iterdir() if each.is_dir() and each.name[0] != "."]


def _letters(name: str) -> str:
    return "".join(filter(str.isalpha, name.lower()))


def _refused(problem: str) -> errors.DataError:
    return errors.DataError(problem + WHERE, "Name that folder: --data FOLDER")
