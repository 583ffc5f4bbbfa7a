"""Resizing to square uint8 images, the same way wherever an image enters."""

import numpy as np
import tensorflow as tf

CHUNK = 2048  # images resized at once: as float32 they weigh four times as much

INTERPOLATIONS = ("bilinear", "bicubic")  # that images are cut with for evaluation


def image(image: tf.Tensor, side: int) -> tf.Tensor:
    """Resizes (height, width, channels), or a batch of such, to side × side; rounds to uint8.

    Bilinear, with antialiasing where the image shrinks; the aspect ratio is not kept. Runs inside
    `tf.data`.
    """
    resized = tf.image.resize(image, (side, side), method="bilinear", antialias=True)
    return tf.saturate_cast(tf.round(resized), tf.uint8)


def middle(
    image: tf.Tensor,
    shorter: int,
    side: int,
    interpolation: str = "bilinear",
    antialias: bool = True,
) -> tf.Tensor:
    """Resizes (height, width, channels) with its aspect ratio kept, and cuts a square.

    The longer side and the place of the square are rounded as torchvision rounds them, and with
    antialiasing the pixels are Pillow's to within a level, or three with bicubic, since Pillow
    rounds between its two passes. Runs inside `tf.data`.

    Args:
        image: uint8.
        shorter: pixels of the shorter side after resizing.
        side: of the square from the middle; no larger than `shorter`.
        interpolation: `"bilinear"` or `"bicubic"`.
        antialias: whether shrinking sees every pixel.

    Returns:
        (side, side, channels) uint8.
    """
    size = tf.shape(image)[:2]
    size = size * shorter // tf.reduce_min(size)
    resized = tf.image.resize(image, size, method=interpolation, antialias=antialias)
    # Half a pixel is rounded to the even number, as Python and torchvision do.
    begin = tf.cast(tf.round(tf.cast(size - side, tf.float32) / 2), tf.int32)
    cut = tf.slice(resized, [begin[0], begin[1], 0], [side, side, -1])
    return tf.saturate_cast(tf.round(cut), tf.uint8)


def images(images: np.ndarray, side: int) -> np.ndarray:
    """Resizes (n, height, width, channels) of values in [0, 255] to (n, side, side, channels)."""
    n, height, width, channels = images.shape
    if (height, width) == (side, side):
        return np.clip(np.rint(images), 0, 255).astype(np.uint8)
    resized = np.empty((n, side, side, channels), np.uint8)
    for begin in range(0, n, CHUNK):
        resized[begin : begin + CHUNK] = image(images[begin : begin + CHUNK], side).numpy()
    return resized
