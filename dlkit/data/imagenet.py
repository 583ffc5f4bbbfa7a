"""ImageNet's thousand classes, and its folder of photographs."""

import os
import pathlib

from dlkit.data import class_folders
from dlkit.data.source import Source


def _read() -> dict[str, str]:
    text = pathlib.Path(__file__).with_name("imagenet_classes.tsv").read_text(encoding="utf-8")
    return dict(line.split("\t") for line in text.splitlines())


CLASSES = _read()
"""The classes of ILSVRC 2012-2017 in the order in which networks number them, which is that of
their WordNet ids: `{"n01440764": "tench", …}`.

A name is the first word of its synset in WordNet 3.0 (Princeton University,
https://wordnet.princeton.edu). Two words name two classes each, and are told apart.
"""


def imagenet(
    *,
    data: str | os.PathLike | None = None,
    image_size: int | None = None,
    resize: int | None = None,
    interpolation: str = "bilinear",
    antialias: bool = True,
) -> Source:
    """ImageNet as it is unpacked: `data/{train,val}/nXXXXXXXX/*.JPEG`, or `data/nXXXXXXXX/*`.

    Folders are called by WordNet ids or by names; a part of the classes will do. Nothing is read
    but the folders: with 1.3 million files, a broken one is named when its turn comes. An image is
    its middle, cut as `class_folders.source` says, also in training.

    Args:
        data: the folder.
        image_size: side of the square that is cut from the middle; None: 224 pixels.
        resize: pixels of the shorter side before; None: 256 for every 224 of `image_size`.
        interpolation: `"bilinear"` or `"bicubic"`.
        antialias: whether shrinking sees every pixel, as Pillow does.

    Raises:
        DataError: there are no such folders, one is of no class, or an option cannot be right.

    Source: Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge",
    arXiv:1409.0575.

    Example:
        >>> imagenet(data="imagenet").splits["val"].size
        50000
    """
    return class_folders.source(
        "imagenet", data, CLASSES, image_size=image_size, resize=resize,
        interpolation=interpolation, antialias=antialias,
    )  # fmt: skip
