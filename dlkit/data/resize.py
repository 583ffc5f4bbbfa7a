"""Resizing to square uint8 images, the same way wherever an image enters."""

import numpy as np
import tensorflow as tf

CHUNK = 2048  # images resized at once: as float32 they weigh four times as much


def image(image: tf.Tensor, side: int) -> tf.Tensor:
    """Resizes (height, width, channels), or a batch of such, to side × side; rounds to uint8.

    Bilinear, with antialiasing where the image shrinks; the aspect ratio is not kept. Runs inside
    `tf.data`.
    """
    resized = tf.image.resize(image, (side, side), method="bilinear", antialias=True)
    return tf.saturate_cast(tf.round(resized), tf.uint8)


def images(images: np.ndarray, side: int) -> np.ndarray:
    """Resizes (n, height, width, channels) of values in [0, 255] to (n, side, side, channels)."""
    n, height, width, channels = images.shape
    if (height, width) == (side, side):
        return np.clip(np.rint(images), 0, 255).astype(np.uint8)
    resized = np.empty((n, side, side, channels), np.uint8)
    for begin in range(0, n, CHUNK):
        resized[begin : begin + CHUNK] = image(images[begin : begin + CHUNK], side).numpy()
    return resized
