"""Colour: what leaves every pixel in its place, whatever its neighbours are.

The images are uint8 batches (batch, height, width, channels), and the results are Pillow's to the
last bit (`ImageEnhance`, `ImageOps`), but for `color_jitter`, which stays in float32.
"""

import tensorflow as tf

from dlkit.data import splitmix
from dlkit.data.errors import DataError

JITTER = 0.4  # ±40 % each of brightness, contrast and saturation
LUMA = (19595, 38470, 7471)  # ITU-R 601-2 weights of red, green and blue, times 2¹⁶


def color_jitter(images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """Changes brightness, contrast and saturation, in this order, each by a factor of 0.6 … 1.4.

    Each blends with black, with the image's mean grey and with its own grey. The widths are those
    of Gross & Wilber's ResNets ("Training and investigating residual nets", 2016).

    Args:
        images: (batch, height, width, 1 or 3), uint8 or float32 in [0, 255].
        seeds: (batch, 2) int32.
    """
    factors = [splitmix.uniform(seeds, draw, 1 - JITTER, 1 + JITTER) for draw in range(3)]
    brightness, contrast, saturation = (f[:, tf.newaxis, tf.newaxis, tf.newaxis] for f in factors)
    x = _clipped(tf.cast(images, tf.float32) * brightness)
    grey = tf.cast(mean_luma(tf.cast(tf.round(x), tf.int32)), tf.float32)
    x = _clipped(grey + contrast * (x - grey))
    grey = tf.cast(luma(tf.cast(tf.round(x), tf.int32)), tf.float32)
    x = _clipped(grey + saturation * (x - grey))
    return tf.cast(tf.round(x), tf.uint8) if images.dtype == tf.uint8 else x


def brightness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blends with black; factor (batch,) float32, 1 changes nothing."""
    return blend(tf.zeros_like(images), images, factor)


def contrast(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blends with the mean grey of the image; factor (batch,) float32."""
    return blend(mean_luma(tf.cast(images, tf.int32)), images, factor)


def saturation(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blends with the image's own grey; factor (batch,) float32."""
    return blend(luma(tf.cast(images, tf.int32)), images, factor)


def posterize(images: tf.Tensor, bits: int) -> tf.Tensor:
    """Keeps the highest bits of each value."""
    return tf.bitwise.bitwise_and(images, tf.constant(256 - 2 ** (8 - bits), tf.uint8))


def solarize(images: tf.Tensor, threshold: int) -> tf.Tensor:
    """Inverts the values from the threshold on."""
    return tf.where(tf.cast(images, tf.int32) < threshold, images, 255 - images)


def blend(one: tf.Tensor, other: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Mixes: one + factor · (other - one), cut off at 0 and 255 and to whole numbers; uint8."""
    one, other = tf.cast(one, tf.float32), tf.cast(other, tf.float32)
    mixed = one + factor[:, tf.newaxis, tf.newaxis, tf.newaxis] * (other - one)
    return tf.cast(_clipped(mixed), tf.uint8)


def luma(images: tf.Tensor) -> tf.Tensor:
    """The grey of each pixel: (batch, height, width, 1) int32 of int32.

    Raises:
        DataError: the images have neither 1 nor 3 channels.
    """
    if images.shape[-1] == 1:
        return images
    if images.shape[-1] != 3:
        raise DataError(
            f"this augmentation knows grey and RGB images, not {images.shape[-1]} channels.",
            "Choose another: --set augment=crop-flip",
        )
    weighted = tf.reduce_sum(images * tf.constant(LUMA), axis=-1, keepdims=True)
    return tf.bitwise.right_shift(weighted + 2**15, tf.constant(16))


def mean_luma(images: tf.Tensor) -> tf.Tensor:
    """The mean grey of each image, rounded: (batch, 1, 1, 1) int32 of int32."""
    pixels = images.shape[1] * images.shape[2]
    # in whole numbers: a float sum would depend on the order that the processor adds in
    total = tf.reduce_sum(tf.cast(luma(images), tf.int64), axis=(1, 2, 3), keepdims=True)
    return tf.cast((2 * total + pixels) // (2 * pixels), tf.int32)


def _clipped(x: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(x, 0.0, 255.0)
