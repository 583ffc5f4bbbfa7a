"""Equalisation and stretching: each channel of each image by a table of its own 256 values.

The results are those of Pillow's `ImageOps` to the last bit. Images are uint8 batches (batch,
height, width, channels).
"""

import tensorflow as tf

VALUES = 256


def equalize(images: tf.Tensor) -> tf.Tensor:
    """Spreads the values so that each range of them has as many pixels."""
    counts = _counts(images)  # (batch · channels, 256)
    largest = tf.reduce_max(tf.where(counts > 0, tf.range(VALUES), 0), axis=1)
    of_largest = tf.gather(counts, largest, batch_dims=1)
    step = ((tf.reduce_sum(counts, axis=1) - of_largest) // (VALUES - 1))[:, tf.newaxis]
    below = tf.cumsum(counts, axis=1, exclusive=True)
    table = (step // 2 + below) // tf.maximum(step, 1)
    table = tf.where(step > 0, tf.minimum(table, VALUES - 1), tf.range(VALUES))
    return _looked_up(images, table)


def auto_contrast(images: tf.Tensor) -> tf.Tensor:
    """Stretches the values so that they reach from 0 to 255."""
    there = _counts(images) > 0
    lowest = tf.reduce_min(tf.where(there, tf.range(VALUES), VALUES - 1), axis=1, keepdims=True)
    highest = tf.reduce_max(tf.where(there, tf.range(VALUES), 0), axis=1, keepdims=True)
    # float64 and this order of operations, because Pillow has them
    scale = (VALUES - 1) / tf.cast(tf.maximum(highest - lowest, 1), tf.float64)
    offset = -tf.cast(lowest, tf.float64) * scale
    stretched = tf.range(VALUES, dtype=tf.float64) * scale + offset
    table = tf.cast(tf.clip_by_value(stretched, 0, VALUES - 1), tf.int32)
    return _looked_up(images, tf.where(highest > lowest, table, tf.range(VALUES)))


def _counts(images: tf.Tensor) -> tf.Tensor:
    """How often each value occurs: (batch · channels, 256) int32."""
    tables = tf.shape(images)[0] * images.shape[-1]
    size = tables * VALUES
    counts = tf.math.bincount(tf.reshape(_places(images), (-1,)), minlength=size, maxlength=size)
    return tf.reshape(counts, (tables, VALUES))


def _looked_up(images: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
    flat = tf.reshape(tf.cast(table, tf.uint8), (-1,))
    return tf.ensure_shape(tf.gather(flat, _places(images)), images.shape)


def _places(images: tf.Tensor) -> tf.Tensor:
    """Where each value stands in all tables one after the other."""
    batch, channels = tf.shape(images)[0], images.shape[-1]
    tables = tf.reshape(tf.range(batch * channels), (batch, 1, 1, channels))
    return tables * VALUES + tf.cast(images, tf.int32)
