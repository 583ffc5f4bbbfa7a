"""AlexNet's change of light and its colour: along the axes in which natural images vary most."""

import statistics

import numpy as np
import tensorflow as tf

from dlkit.data import splitmix
from dlkit.data.errors import DataError

SPREAD = 0.1  # the standard deviation of α
VALUES = 255 * np.array([0.2175, 0.0188, 0.0045])
VECTORS = np.array(  # columns p₁, p₂, p₃; rows red, green, blue
    [
        (-0.5675, 0.7192, 0.4009),
        (-0.5808, -0.0045, -0.8140),
        (-0.5836, -0.6948, 0.4203),
    ]
)
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R 601-2 weights of red, green and blue
NORMAL = np.array([statistics.NormalDist().inv_cdf((q + 0.5) / 4096) for q in range(4096)])
"""Quantiles to draw from: a logarithm of a batch would depend on a sample's place in it."""


def pca_color(images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """Adds [p₁, p₂, p₃] [α₁λ₁, α₂λ₂, α₃λ₃]ᵀ to every pixel of an image, α ~ N(0, 0.1²).

    pᵢ and λᵢ are eigenvectors and eigenvalues of the covariance of red, green and blue in
    ImageNet. They are constants here, so that the same image and seed give the same result whatever
    it is trained with; of other natural images they are much alike. A grey image changes by the
    luma of what a colour one would.

    The paper prints neither λ nor its unit. The values are those that Facebook's fb.resnet.torch
    publishes, for pixels in 0 … 1, which makes the first shift 2 % of the range on average.

    Args:
        images: (batch, height, width, 1 or 3), uint8 or float32 in [0, 255].
        seeds: (batch, 2) int32.

    Raises:
        DataError: the images have another number of channels.

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional
    neural networks", NeurIPS 2012, section 4.1.
    """
    channels = images.shape[-1]
    if channels not in (1, 3):
        raise DataError(
            f"pca-color knows grey and RGB images, not {channels} channels.",
            "Choose another: --set augment=crop-flip",
        )
    axes = VECTORS * VALUES * SPREAD  # (3 colours, 3 axes)
    axes = tf.constant(axes if channels == 3 else LUMA[np.newaxis] @ axes, tf.float32)
    table = tf.constant(NORMAL, tf.float32)
    drawn = [
        tf.gather(table, splitmix.integers(seeds, draw, 0, len(NORMAL) - 1))[:, tf.newaxis]
        for draw in range(3)
    ]
    shift = drawn[0] * axes[:, 0] + drawn[1] * axes[:, 1] + drawn[2] * axes[:, 2]
    x = tf.cast(images, tf.float32) + shift[:, tf.newaxis, tf.newaxis]
    x = tf.clip_by_value(x, 0.0, 255.0)
    return tf.cast(tf.round(x), tf.uint8) if images.dtype == tf.uint8 else x
