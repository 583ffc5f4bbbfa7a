"""The drawn leaves as a dataset."""

import sys
from collections.abc import Sequence

import numpy as np
import tqdm

from dlkit.data import arrays, errors, splits
from dlkit.data.leaves.picture import picture
from dlkit.data.leaves.species import SPECIES
from dlkit.data.source import Source
from dlkit.registry.errors import suggestion

DEFAULT_SIZE = 64
MANY = 500  # pictures; with more, a bar shows how far the drawing is


def leaves(
    *,
    image_size: int | None = None,
    data: str | None = None,
    classes: Sequence[str] | None = None,
    per_class: int = 300,
    picture_seed: int = 0,
    val_share: float = 0.15,
    test_share: float = 0.25,
) -> Source:
    """Drawn leaves of 12 kinds on soil, (size, size, 3) uint8; train/val/test 2,160/540/900.

    Each picture shows one to three leaves of a kind, any way round, on soil with stones and straws,
    in one light. Shape, margin and veins tell the kinds apart; colours, sizes, places, soil and
    light are drawn alike for all. A picture is a function of picture_seed, its class and its
    number alone: the pictures of a class, and the splits they are in, are the same whichever
    other classes are taken.

    How hard it is, test accuracies of one run each: 0.12 by 3-nearest-neighbour on pixels, 0.13 by
    logistic regression on colour histograms, 0.81 by four convolutions after 12 epochs and 0.89 by
    ResNet-20 after 20, both at 48 pixels. Features of four convolutions that learnt eight kinds
    tell the other four apart at 0.66 from five pictures of each, untrained ones at 0.27, and a
    network that learns from those twenty alone at 0.30.

    Args:
        image_size: side in pixels; None is 64.
        data: not taken; the pictures are drawn.
        classes: which kinds, in the order of their labels; None takes all of
            `dlkit.data.leaves.species.SPECIES`.
        per_class: pictures of each kind.
        picture_seed: chooses among such datasets; a run's seed does not.
        val_share: the part of the pictures that steers training.
        test_share: the part that only the final evaluation sees.

    Raises:
        DataError: a class is unknown or named twice, or another option cannot be right.

    Example:
        >>> leaves(classes=["oak", "maple"], per_class=20).class_names
        ('oak', 'maple')
    """
    side = errors.image_size(image_size, DEFAULT_SIZE)
    if data is not None:
        raise errors.DataError(
            f"leaves are drawn and take no folder; got {str(data)!r}.",
            "Train on a folder of images: --dataset image-folder --data FOLDER",
        )
    names = _class_names(classes)
    _check_count("per_class", per_class, 4, 300)
    _check_count("picture_seed", picture_seed, 0, 0)
    shares = {
        "val": errors.share("val_share", val_share),
        "test": errors.share("test_share", test_share),
    }
    sizes = {name: len(names) * max(1, round(share * per_class)) for name, share in shares.items()}
    if sum(sizes.values()) >= len(names) * per_class:
        raise errors.DataError(
            f"val_share {val_share} and test_share {test_share} leave nothing to train on.",
            "Give smaller ones: --set data_options.test_share=0.25",
        )
    which = [(name, number) for name in names for number in range(per_class)]
    labels = np.repeat(np.arange(len(names)), per_class)
    keys = [f"{name}/{number}" for name, number in which]
    parts = splits.stratified(labels, sizes, keys=keys, name="leaves")
    return arrays.from_arrays("leaves", _drawn(which, side, picture_seed), labels, parts, names)


def _drawn(which: Sequence[tuple[str, int]], side: int, seed: int) -> np.ndarray:
    """(n, side, side, 3) uint8 of kinds and numbers."""
    place = {name: number for number, name in enumerate(SPECIES)}
    images = np.empty((len(which), side, side, 3), np.uint8)
    quiet = len(which) <= MANY or not sys.stderr.isatty()
    bar = tqdm.tqdm(which, "drawing leaves", disable=quiet, unit="picture")
    for image, (name, number) in zip(images, bar, strict=True):
        image[:] = picture(SPECIES[name], side, np.random.default_rng([seed, place[name], number]))
    return images


def _class_names(classes: Sequence[str] | None) -> tuple[str, ...]:
    if isinstance(classes, str):
        classes = [classes]  # one name, not its letters
    if classes is not None and not isinstance(classes, Sequence):
        raise errors.DataError(
            f"classes are names of leaves, not {classes!r}.",
            "Name them: --set 'data_options.classes=[oak, maple]'",
        )
    names = tuple(SPECIES if classes is None else classes)
    for name in names:
        if name not in SPECIES:
            raise errors.DataError(
                f"there is no leaf of {name!r}.{suggestion(str(name), SPECIES)}",
                f"Choose among: {', '.join(SPECIES)}",
            )
    if len(set(names)) != len(names) or len(names) < 2:
        raise errors.DataError(
            f"classes are two or more kinds, each named once, not {', '.join(names)}.",
            "Name them: --set 'data_options.classes=[oak, maple]'",
        )
    return names


def _check_count(option: str, value: int, least: int, usual: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise errors.DataError(
            f"{option} is a whole number from {least} on, not {value!r}.",
            f"Give one: --set data_options.{option}={usual}",
        )
