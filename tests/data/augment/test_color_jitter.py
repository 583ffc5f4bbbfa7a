"""Colour jitter against the same mixing in float64."""

import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import augment, splitmix

SEEDS = splitmix.rows(2, tf.range(16))


def expected(images):
    """What the docstring says, image by image."""
    factors = np.stack([splitmix.uniform(SEEDS, draw, 0.6, 1.4).numpy() for draw in range(3)], 1)
    results = []
    for image, (bright, contrast, saturation) in zip(images.astype(float), factors, strict=True):
        weights = [0.299, 0.587, 0.114] if image.shape[-1] == 3 else [1.0]
        x = np.clip(image * bright, 0, 255)
        grey = np.rint((x @ weights).mean())
        x = np.clip(grey + contrast * (x - grey), 0, 255)
        grey = (x @ weights)[..., None]
        results.append(np.clip(grey + saturation * (x - grey), 0, 255))
    return np.array(results)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_the_mixing_that_it_says(dtype, channels):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (16, 12, 10, channels)).astype(dtype)
    got = augment.color_jitter(tf.constant(images), SEEDS).numpy()
    assert got.dtype == dtype
    np.testing.assert_allclose(got.astype(float), expected(images), atol=2.0)
    assert np.abs(got.astype(float) - expected(images)).mean() < 0.6


def test_the_factors_span_their_range():
    factors = splitmix.uniform(splitmix.rows(0, tf.range(20_000)), 1, 0.6, 1.4).numpy()
    assert 0.6 <= factors.min() < 0.601 and 1.399 < factors.max() < 1.4
    assert factors.mean() == pytest.approx(1.0, abs=0.01)
