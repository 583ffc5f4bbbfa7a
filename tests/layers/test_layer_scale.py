"""A learned weight for each channel."""

import keras
import numpy as np

from dlkit.layers import LayerScale


def test_begins_at_the_initial_value_and_weighs_each_channel():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    layer = LayerScale(0.5)
    np.testing.assert_allclose(layer(x), 0.5 * x)
    (gamma,) = layer.trainable_weights
    gamma.assign([0, 1, 2, 3, 4])
    np.testing.assert_allclose(layer(x), x * np.arange(5))


def test_takes_vectors_and_follows_the_policy():
    layer = LayerScale(dtype="mixed_bfloat16")
    y = layer(np.ones((2, 3), "float32"))
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert layer.gamma.dtype == "float32"
    np.testing.assert_allclose(layer.gamma, np.full(3, 1e-6))


def test_comes_back_from_its_config():
    twin = LayerScale.from_config(LayerScale(0.1, name="s").get_config())
    assert (twin.initial, twin.name) == (0.1, "s")
    assert keras.saving.get_registered_name(LayerScale) == "dlkit>LayerScale"
