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
from dlkit.data.augment.crops import resized_crop, scaled_crop
from dlkit.data.augment.erasing import erase
from dlkit.data.augment.pca import pca_color
from dlkit.data.augment.randaugment import rand_augment
from dlkit.data.augment.windows import crop_flip, flip, none, shift
from dlkit.data.errors import DataError
from dlkit.registry import errors

__all__ = [
    "AUGMENTATIONS",
    "PRESETS",
    "Augmentation",
    "color_jitter",
    "crop_flip",
    "erase",
    "find",
    "flip",
    "none",
    "pca_color",
    "rand_augment",
    "resized_crop",
    "scaled_crop",
    "shift",
]

Augmentation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

AUGMENTATIONS: dict[str, Augmentation] = {
    "none": none,
    "shift": shift,
    "flip": flip,
    "crop-flip": crop_flip,
    "crop-256": scaled_crop(256, 256),
    "crop-256-480": scaled_crop(256, 480),
    "crop-256-512": scaled_crop(256, 512),
    "resized-crop": resized_crop,
    "color-jitter": color_jitter,
    "pca-color": pca_color,
    "erase": erase,
    "randaugment": rand_augment(),
}

PRESETS: dict[str, str] = {
    "alexnet": "crop-256+flip+pca-color",
    "vgg": "crop-256-512+flip+pca-color",
    "resnet": "crop-256-480+flip+pca-color",
    "inception": "resized-crop+flip+color-jitter",
}
"""What the papers do to ImageNet's images, by a name for all of it.

AlexNet: section 4.1. VGG: section 3.1. ResNet: section 3.4. GoogLeNet, section 6, has Andrew
Howard's "photometric distortions" of brightness, contrast and saturation, whose widths it does not
say.
"""

_SCALED_CROP = re.compile(r"crop-(\d+)(?:-(\d+))?")
_RAND_AUGMENT = re.compile(r"randaugment(?:-n(\d+))?(?:-m(\d+))?")


def find(name: str | Augmentation) -> Augmentation:
    """The augmentation of that name; a function is taken as it is.

    Args:
        name: a key of `AUGMENTATIONS` or `PRESETS`; `randaugment-n3-m5` for other than 2 operations
            of magnitude 9; `crop-256-384` for a crop of 224 out of a side of 256 … 384; or several,
            joined by `+`, which are applied in this order.

    Raises:
        DataError: there is none of that name.

    Example:
        >>> find("crop-flip+randaugment-m5+erase")
    """
    if callable(name):
        return name
    names = [part for word in str(name).split("+") for part in PRESETS.get(word, word).split("+")]
    parts = [_one(part) for part in names]
    return parts[0] if len(parts) == 1 else _composed(parts)


def _one(name: str) -> Augmentation:
    if name in AUGMENTATIONS:
        return AUGMENTATIONS[name]
    numbered = _RAND_AUGMENT.fullmatch(name)
    if numbered:
        given = zip(("operations", "magnitude"), numbered.groups(), strict=True)
        return rand_augment(**{key: int(value) for key, value in given if value})
    sides = _SCALED_CROP.fullmatch(name)
    if sides:
        return scaled_crop(int(sides[1]), int(sides[2] or sides[1]))
    known = (*AUGMENTATIONS, *PRESETS)
    raise DataError(
        f"no augmentation {name!r}.{errors.suggestion(name, known)} "
        f"There are: {', '.join(known)}, and several joined by +.",
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
