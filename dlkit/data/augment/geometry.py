"""Rotation, shear and moves by any amount: each pixel from the nearest of the old image.

Images are uint8 batches (batch, height, width, channels). An amount is a size and, for each image,
a sign: two matrices in all, made by Python, so that no sine depends in its last digit on a
sample's place in the batch.
"""

import math

import tensorflow as tf

FILL = 128.0  # what comes in from outside, as in the authors' code


def rotate(images: tf.Tensor, sign: tf.Tensor, degrees: float) -> tf.Tensor:
    """Turns each image about its centre; a positive sign is counter-clockwise."""
    turn = math.radians(degrees)
    c, s = math.cos(turn), math.sin(turn)
    return _linear(images, sign, ((c, -s), (s, c)), ((c, s), (-s, c)))


def shear_x(images: tf.Tensor, sign: tf.Tensor, share: float) -> tf.Tensor:
    """Moves each row by a share of its distance from the middle one."""
    return _linear(images, sign, ((1, share), (0, 1)), ((1, -share), (0, 1)))


def shear_y(images: tf.Tensor, sign: tf.Tensor, share: float) -> tf.Tensor:
    """Moves each column by a share of its distance from the middle one."""
    return _linear(images, sign, ((1, 0), (share, 1)), ((1, 0), (-share, 1)))


def translate_x(images: tf.Tensor, sign: tf.Tensor, share: float) -> tf.Tensor:
    """Moves each image sideways by a share of its width, to the nearest pixel."""
    pixels = round(share * images.shape[2])
    return _mapped(images, sign, (1, 0, -pixels, 0, 1, 0), (1, 0, pixels, 0, 1, 0))


def translate_y(images: tf.Tensor, sign: tf.Tensor, share: float) -> tf.Tensor:
    """Moves each image up or down by a share of its height, to the nearest pixel."""
    pixels = round(share * images.shape[1])
    return _mapped(images, sign, (1, 0, 0, 0, 1, -pixels), (1, 0, 0, 0, 1, pixels))


def _linear(images: tf.Tensor, sign: tf.Tensor, positive: tuple, negative: tuple) -> tf.Tensor:
    """Applies one of two matrices ((xx, xy), (yx, yy)) about the centre."""
    x, y = (images.shape[2] - 1) / 2, (images.shape[1] - 1) / 2
    rows = [
        (a, b, x - a * x - b * y, c, d, y - c * x - d * y)
        for (a, b), (c, d) in (positive, negative)
    ]
    return _mapped(images, sign, *rows)


def _mapped(images: tf.Tensor, sign: tf.Tensor, positive: tuple, negative: tuple) -> tf.Tensor:
    """Fetches pixel (x, y) from (a·x + b·y + c, d·x + e·y + f), for (a, b, c, d, e, f)."""
    rows = tf.constant([(*positive, 0, 0), (*negative, 0, 0)], tf.float32)
    mapped = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.gather(rows, tf.cast(sign < 0, tf.int32)),
        output_shape=images.shape[1:3],
        fill_value=FILL,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )
    return tf.ensure_shape(mapped, images.shape)
