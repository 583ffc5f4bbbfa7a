"""AlexNet's colour change against its formula in float64."""

import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import augment, splitmix
from dlkit.data.augment import pca
from dlkit.data.errors import DataError

N = 6
LUMA = np.array([0.299, 0.587, 0.114])


def shifts(n, seed=3):
    """[p₁, p₂, p₃] [α₁λ₁, α₂λ₂, α₃λ₃]ᵀ for each of n images, red, green and blue."""
    images = np.full((n, 1, 1, 3), 127, np.float32)
    return augment.pca_color(tf.constant(images), splitmix.rows(seed, tf.range(n))).numpy() - 127


def test_every_pixel_moves_by_the_formula():
    seeds = splitmix.rows(3, tf.range(N))
    drawn = [splitmix.integers(seeds, draw, 0, 4095).numpy() for draw in range(3)]
    alpha = 0.1 * pca.NORMAL[np.array(drawn)]  # (3 axes, N)
    expected = (pca.VECTORS @ (alpha * pca.VALUES[:, None])).T[:, None, None]  # (N, 1, 1, 3)
    images = np.random.default_rng(0).uniform(30, 220, (N, 5, 4, 3)).astype(np.float32)
    moved = augment.pca_color(tf.constant(images), seeds).numpy()
    np.testing.assert_allclose(moved - images, np.broadcast_to(expected, images.shape), atol=1e-3)
    rounded = augment.pca_color(tf.constant(images.astype(np.uint8)), seeds).numpy()
    np.testing.assert_array_equal(rounded, np.rint(images.astype(np.uint8) + expected))


def test_its_spread_is_along_the_published_axes():
    """The covariance of the shifts has those eigenvectors, and 0.1² λᵢ² as eigenvalues."""
    found, axes = np.linalg.eigh(np.cov(shifts(40_000).reshape(-1, 3).T))
    np.testing.assert_allclose(np.sqrt(found[::-1]), 0.1 * pca.VALUES, rtol=0.02)
    along = np.abs(np.sum(axes[:, ::-1] * pca.VECTORS, axis=0))
    np.testing.assert_allclose(along, 1, atol=1e-3)


def test_the_published_axes_are_of_length_1_and_at_right_angles():
    np.testing.assert_allclose(pca.VECTORS.T @ pca.VECTORS, np.eye(3), atol=2e-4)


def test_a_grey_image_changes_by_the_luma_of_the_change():
    images = np.full((N, 2, 2, 1), 127, np.float32)
    grey = augment.pca_color(tf.constant(images), splitmix.rows(3, tf.range(N))).numpy() - 127
    np.testing.assert_allclose(grey[:, 0, 0, 0], shifts(N)[:, 0, 0] @ LUMA, atol=1e-3)


def test_it_stays_in_range():
    dark = augment.pca_color(tf.zeros((200, 1, 1, 3), tf.uint8), splitmix.rows(1, tf.range(200)))
    assert dark.numpy().max() < 60  # what goes below 0 does not come back at 255


def test_four_channels_are_refused():
    with pytest.raises(DataError, match="pca-color knows grey and RGB images, not 4 channels"):
        augment.pca_color(tf.zeros((1, 8, 8, 4)), splitmix.rows(0, tf.range(1)))
