"""Depthwise separable convolution: values by NumPy, weights by hand."""

import keras
import numpy as np
import pytest

from dlkit import blocks

STYLE = blocks.style("paper")


def model_of(shape, filters, **config):
    x = keras.Input(shape)
    return keras.Model(x, blocks.separable_norm(x, filters, style=STYLE, name="s", **config))


def test_space_first_then_channels():
    keras.utils.set_random_seed(0)
    model = model_of((5, 6, 3), 4)
    depthwise, pointwise = (np.asarray(w) for w in model.get_layer("s_sepconv").weights)
    x = np.random.default_rng(0).normal(size=(1, 5, 6, 3)).astype("float32")
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    each = np.einsum("bhwcij,ijcd->bhwc", windows, depthwise)
    expected = (each @ pointwise[0, 0]) / np.sqrt(1 + 1e-5)  # fresh statistics
    np.testing.assert_allclose(model(x), expected, atol=1e-5)


def test_names_and_the_shape():
    model = model_of((None, None, 3), 4, kernel_size=5)
    assert [layer.name for layer in model.layers[1:]] == ["s_sepconv", "s_norm"]
    assert model.output.shape == (None, None, None, 4)


@pytest.mark.parametrize("filters, side", [(64, 3), (128, 5)])
def test_it_has_one_over_n_plus_one_over_k_squared_of_the_weights(filters, side):
    """M inputs: k²·M + M·N of them, where k²·M·N do both at once."""
    layer = model_of((8, 8, 32), filters, kernel_size=side).get_layer("s_sepconv")
    assert layer.count_params() == side**2 * 32 + 32 * filters
    at_once = side**2 * 32 * filters
    assert layer.count_params() / at_once == pytest.approx(1 / filters + 1 / side**2)
