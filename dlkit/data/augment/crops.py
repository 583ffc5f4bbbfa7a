"""Crops of a random size or place, enlarged to the image's own size.

The papers crop images that are larger than the network's input. Here images come in at the input's
size, so that a crop is enlarged from fewer pixels than it has in the papers: what is seen is the
same, less sharp.
"""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from dlkit.data import splitmix
from dlkit.data.augment import sizes
from dlkit.data.errors import DataError

AREA = (0.08, 1.0)  # of the image
RATIO = (3 / 4, 4 / 3)  # height to width
CROP = 224  # pixels of a side that the papers' networks see
LARGEST = 10 * CROP


def resized_crop(images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """Crops 8 … 100 % of each image, and enlarges that to the image's size.

    The area is uniform, height to width log-uniform in 3/4 … 4/3; sizes that do not fit are not
    drawn; every place is equally likely.

    Source: Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 6.
    """
    return _enlarged(images, seeds, sizes.by_area(*images.shape[1:3], AREA, RATIO))


def scaled_crop(smallest: int = 256, largest: int = 512) -> Callable[..., tf.Tensor]:
    """Crops 224 pixels out of an image whose side is drawn anew from smallest … largest.

    For an image of any size that is a square of the share 224 / S of its sides, for a whole S that
    is uniform in smallest … largest; every place is equally likely.

    Args:
        smallest: 224 or more; 256 in all three papers.
        largest: the same for AlexNet (2012, section 4.1), 512 for VGG (Simonyan & Zisserman, ICLR
            2015, section 3.1), 480 for ResNet (He et al., CVPR 2016, section 3.4).

    Returns:
        An augmentation (images, seeds) -> images.

    Raises:
        DataError: they are no such whole numbers.
    """
    whole = all(type(side) is int for side in (smallest, largest))
    if not whole or not CROP <= smallest <= largest <= LARGEST:
        raise DataError(
            f"crop: the image's side goes from {CROP} or more to {LARGEST} at most, not from "
            f"{smallest!r} to {largest!r}.",
            "Name it so: --set augment=crop-256-512",
        )
    return functools.partial(_scaled_crop, smallest=smallest, largest=largest)


def _scaled_crop(images: tf.Tensor, seeds: tf.Tensor, smallest: int, largest: int) -> tf.Tensor:
    shares = CROP / np.arange(smallest, largest + 1)
    table = np.rint(np.outer(shares, images.shape[1:3]))
    return _enlarged(images, seeds, np.maximum(table, 1).astype(np.int32))


def _enlarged(images: tf.Tensor, seeds: tf.Tensor, table: np.ndarray) -> tf.Tensor:
    """A crop of each image, its size drawn from the table (n, 2), resized bilinearly."""
    height, width = images.shape[1:3]
    size = tf.gather(table, splitmix.integers(seeds, 0, 0, len(table) - 1))  # (batch, 2)
    top = splitmix.integers(seeds, 1, 0, height - size[:, 0])
    left = splitmix.integers(seeds, 2, 0, width - size[:, 1])
    x = _stretched(images, top, size[:, 0], axis=1)
    x = _stretched(x, left, size[:, 1], axis=2)
    return tf.cast(tf.round(x), tf.uint8) if images.dtype == tf.uint8 else x


def _stretched(images: tf.Tensor, first: tf.Tensor, count: tf.Tensor, axis: int) -> tf.Tensor:
    """Lines first … first + count - 1 along an axis, stretched over all of it; float32.

    The i-th of n lines lies at (i + ½) · count / n - ½, between two; beyond the first and the last
    there are no others.
    """
    n, count = images.shape[axis], count[:, tf.newaxis]
    place = (tf.range(n, dtype=tf.float32) + 0.5) * (tf.cast(count, tf.float32) / n) - 0.5
    below = tf.floor(place)
    share = place - below  # (batch, n)
    below = tf.cast(below, tf.int32)
    lines = [
        tf.cast(tf.gather(images, first[:, tf.newaxis] + at, axis=axis, batch_dims=1), tf.float32)
        for at in (tf.maximum(below, 0), tf.minimum(below + 1, count - 1))
    ]
    share = tf.expand_dims(share[..., tf.newaxis], 3 - axis)  # (batch, n, 1, 1) or (batch, 1, n, 1)
    return lines[0] + share * (lines[1] - lines[0])
