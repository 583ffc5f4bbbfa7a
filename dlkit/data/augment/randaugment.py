"""RandAugment: a few operations out of a table, all of one magnitude."""

import functools
from collections.abc import Callable

import tensorflow as tf

from dlkit.data import splitmix
from dlkit.data.augment import color, geometry, histogram
from dlkit.data.errors import DataError

LARGEST = 30
FAINTEST = 0.1  # the least factor of colour, contrast, brightness and sharpness


def _factor(change: Callable) -> Callable:
    """An operation that takes a factor: 1 and the strength more or less."""
    return lambda images, sign, strength: change(images, tf.maximum(1 + sign * strength, FAINTEST))


def _same(change: Callable) -> Callable:
    """An operation that knows no strength."""
    return lambda images, sign, strength: change(images)


def _posterize(images: tf.Tensor, sign: tf.Tensor, strength: float) -> tf.Tensor:
    return color.posterize(images, max(1, 8 - int(strength)))


def _solarize(images: tf.Tensor, sign: tf.Tensor, strength: float) -> tf.Tensor:
    return color.solarize(images, max(0, 256 - int(strength)))


def _sharpness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blends with the image smoothed by (1 1 1, 1 5 1, 1 1 1) / 13; its border stays."""
    x = tf.cast(images, tf.int32)
    height, width = images.shape[1:3]
    around = [
        x[:, top : top + height - 2, left : left + width - 2]
        for top in range(3)
        for left in range(3)
    ]
    smooth = (2 * (tf.add_n(around) + 4 * around[4]) + 13) // 26
    smooth = tf.pad(smooth, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-1)
    return color.blend(tf.where(smooth < 0, x, smooth), images, factor)


OPERATIONS: dict[str, tuple[Callable[[tf.Tensor, tf.Tensor, float], tf.Tensor], float]] = {
    "identity": (_same(lambda images: images), 0),
    "auto-contrast": (_same(histogram.auto_contrast), 0),
    "equalize": (_same(histogram.equalize), 0),
    "rotate": (geometry.rotate, 30),  # degrees, either way
    "solarize": (_solarize, 256),  # values from 256 minus this on are inverted
    "color": (_factor(color.saturation), 0.9),  # a factor of 1 ± this
    "posterize": (_posterize, 4),  # bits taken away
    "contrast": (_factor(color.contrast), 0.9),
    "brightness": (_factor(color.brightness), 0.9),
    "sharpness": (_factor(_sharpness), 0.9),
    "shear-x": (geometry.shear_x, 0.3),  # of the distance from the centre
    "shear-y": (geometry.shear_y, 0.3),
    "translate-x": (geometry.translate_x, 150 / 331),  # of the width
    "translate-y": (geometry.translate_y, 150 / 331),
}
"""The paper's 14, and the strength of each at magnitude 10: AutoAugment's ranges.

Strengths are proportional to the magnitude, so that 0 changes nothing but `auto-contrast` and
`equalize`, and every operation grows stronger with it; what goes either way does each way in half
of the images.
"""


def rand_augment(operations: int = 2, magnitude: int = 9) -> Callable[..., tf.Tensor]:
    """Applies operations to each image, each drawn anew from all with the same probability.

    The work is done in uint8; float32 images are rounded first, and come back as float32.

    Args:
        operations: how many, one after the other (N of the paper).
        magnitude: how strong, 0 … 30 where 10 is AutoAugment's limit (M of the paper). The paper
            has N = 2, M = 9 for ResNet-50 on ImageNet.

    Returns:
        An augmentation (images, seeds) -> images.

    Raises:
        DataError: one is no such whole number.

    Source: Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search
    space", NeurIPS 2020.
    """
    _check("operations", operations, 1)
    _check("magnitude", magnitude, 0)
    return functools.partial(_rand_augment, operations=operations, magnitude=magnitude)


def _rand_augment(
    images: tf.Tensor, seeds: tf.Tensor, operations: int, magnitude: int
) -> tf.Tensor:
    x = images if images.dtype == tf.uint8 else tf.saturate_cast(tf.round(images), tf.uint8)
    for number in range(operations):
        chosen = splitmix.integers(seeds, 2 * number, 0, len(OPERATIONS) - 1)
        sign = tf.cast(2 * splitmix.integers(seeds, 2 * number + 1, 0, 1) - 1, tf.float32)
        x = _each_by_its_own(x, chosen, sign, magnitude)
    return tf.cast(x, images.dtype)


def _each_by_its_own(
    images: tf.Tensor, chosen: tf.Tensor, sign: tf.Tensor, magnitude: int
) -> tf.Tensor:
    """Gives each operation the images that chose it, and puts the results back in their places."""
    places = tf.dynamic_partition(tf.range(tf.size(chosen)), chosen, len(OPERATIONS))
    results = [
        operation(tf.gather(images, own), tf.gather(sign, own), limit * magnitude / 10)
        for own, (operation, limit) in zip(places, OPERATIONS.values(), strict=True)
    ]
    return tf.ensure_shape(tf.dynamic_stitch(places, results), images.shape)


def _check(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST:
        raise DataError(
            f"randaugment: {name} is a whole number in {least} … {LARGEST}, not {value!r}.",
            "Name it so: --set augment=randaugment-n2-m9",
        )
