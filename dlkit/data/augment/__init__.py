"""Augmentations: whole batches at once, each sample a function of its own image and seed row.

Each takes images (batch, height, width, channels), uint8 or float32 in [0, 255], and seeds
(batch, 2) int32, and returns images of the same shape and type. Nothing is drawn from a state: the
same image with the same seed row gives the same result in any batch, on any thread, after any
restart.
"""

import re
from collections.abc import Callable, Sequence

import tensorflow as tf

from dlkit.data import splitmix
from dlkit.data.augment.color import color_jitter
from dlkit.data.augment.erasing import erase
from dlkit.data.augment.randaugment import rand_augment
from dlkit.data.augment.windows import crop_flip, flip, none, shift
from dlkit.data.errors import DataError
from dlkit.registry import errors

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "color_jitter",
    "crop_flip",
    "erase",
    "find",
    "flip",
    "none",
    "rand_augment",
    "shift",
]

Augmentation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

AUGMENTATIONS: dict[str, Augmentation] = {
    "none": none,
    "shift": shift,
    "flip": flip,
    "crop-flip": crop_flip,
    "color-jitter": color_jitter,
    "erase": erase,
    "randaugment": rand_augment(),
}

_RAND_AUGMENT = re.compile(r"randaugment(?:-n(\d+))?(?:-m(\d+))?")


def find(name: str | Augmentation) -> Augmentation:
    """The augmentation of that name; a function is taken as it is.

    Args:
        name: a key of `AUGMENTATIONS`; `randaugment-n3-m5` for other than 2 operations of
            magnitude 9; or several, joined by `+`, which are applied in this order.

    Raises:
        DataError: there is none of that name.

    Example:
        >>> find("crop-flip+randaugment-m5+erase")
    """
    if callable(name):
        return name
    parts = [_one(part) for part in str(name).split("+")]
    return parts[0] if len(parts) == 1 else _composed(parts)


def _one(name: str) -> Augmentation:
    if name in AUGMENTATIONS:
        return AUGMENTATIONS[name]
    numbered = _RAND_AUGMENT.fullmatch(name)
    if numbered:
        given = zip(("operations", "magnitude"), numbered.groups(), strict=True)
        return rand_augment(**{key: int(value) for key, value in given if value})
    raise DataError(
        f"no augmentation {name!r}.{errors.suggestion(name, AUGMENTATIONS)} "
        f"There are: {', '.join(AUGMENTATIONS)}, and several joined by +.",
        "Take none: --set augment=none",
    )


def _composed(parts: Sequence[Augmentation]) -> Augmentation:
    """One after the other; the first draws from the seed rows, each other from their children."""

    def augment(images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        for number, part in enumerate(parts):
            own = splitmix.child(seeds, number) if number else seeds
            images = part(images, own)
        return images

    return augment
