"""Random erasing: a rectangle of noise over part of the image."""

import tensorflow as tf

from dlkit.data import splitmix
from dlkit.data.augment import sizes

PROBABILITY = 0.5
AREA = (0.02, 0.4)  # of the image
RATIO = (0.3, 1 / 0.3)  # height to width


def erase(images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """Covers a rectangle in every other image with noise, each byte of 0 … 255 equally likely.

    Its area is uniform in 2 … 40 % of the image, its height to width log-uniform in 0.3 … 3.3;
    sizes that do not fit are not drawn; every place that it fits in is equally likely.

    Source: Zhong et al., "Random erasing data augmentation", AAAI 2020, algorithm 1, with the
    values of its experiments.
    """
    height, width, channels = images.shape[1:]
    table = sizes.by_area(height, width, AREA, RATIO)
    size = tf.gather(table, splitmix.integers(seeds, 0, 0, len(table) - 1))  # (batch, 2)
    top = splitmix.integers(seeds, 1, 0, height - size[:, 0])
    left = splitmix.integers(seeds, 2, 0, width - size[:, 1])
    erased = splitmix.uniform(seeds, 3) < PROBABILITY
    rows = _between(height, top, size[:, 0]) & erased[:, tf.newaxis]  # (batch, height)
    columns = _between(width, left, size[:, 1])  # (batch, width)
    noise = splitmix.noise(seeds, 4, height * width * channels)
    noise = tf.cast(tf.reshape(noise, (-1, height, width, channels)), images.dtype)
    inside = rows[:, :, tf.newaxis, tf.newaxis] & columns[:, tf.newaxis, :, tf.newaxis]
    return tf.where(inside, noise, images)


def _between(side: int, first: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Which of 0 … side - 1 lie in first … first + count - 1; (batch, side) bool."""
    place, first = tf.range(side), first[:, tf.newaxis]
    return (place >= first) & (place < first + count[:, tf.newaxis])
