"""Branches side by side, and Inception's module."""

from functools import partial

import keras
import numpy as np
import pytest
from scipy.signal import correlate

from dlkit import blocks

STYLE = blocks.Style(
    conv=partial(keras.layers.Conv2D, padding="same", bias_initializer="random_normal"),
    norm=None,
    act=partial(keras.layers.Activation, "relu"),
    dense=keras.layers.Dense,
)
FILTERS = (2, 3, 4, 1, 5, 6)


def module(**config):
    x = keras.Input((6, 7, 3))
    return keras.Model(x, blocks.inception(x, FILTERS, style=STYLE, name="i", **config))


def test_parallel_keeps_the_order_of_its_branches():
    x = keras.Input((2, 2, 1))
    once, twice = (keras.layers.Rescaling(n, name=f"by{n}") for n in (1.0, 2.0))
    model = keras.Model(x, blocks.parallel(x, twice, once, name="joined"))
    assert model.layers[-1].name == "joined"
    y = model(np.full((1, 2, 2, 1), 3.0, "float32"))
    np.testing.assert_array_equal(y[0, 0, 0], [6.0, 3.0])


def test_a_modules_names_and_channels():
    model = module()
    convs = [layer.name for layer in model.layers if layer.weights]
    assert sorted(convs) == [
        "i_1x1_conv",
        "i_3x3_conv",
        "i_3x3_reduce_conv",
        "i_5x5_conv",
        "i_5x5_reduce_conv",
        "i_pool_project_conv",
    ]
    assert model.get_layer("i").output.shape == (None, 6, 7, 2 + 4 + 5 + 6)
    assert model.count_params() == sum(
        k * k * inputs * outputs + outputs
        for k, inputs, outputs in ((1, 3, 2), (1, 3, 3), (3, 3, 4), (1, 3, 1), (5, 1, 5), (1, 3, 6))
    )


@pytest.mark.parametrize("large", [5, 3])
def test_a_module_computes_what_scipy_does(large):
    keras.utils.set_random_seed(0)
    model = module(large=large)
    image = np.random.default_rng(0).normal(size=(6, 7, 3))

    def conv(x, name):
        layer = model.get_layer(f"i_{name}_conv")
        kernel, bias = (np.asarray(w, "float64") for w in layer.weights)
        side = kernel.shape[0] // 2
        padded = np.pad(x, ((side, side), (side, side), (0, 0)))
        y = [correlate(padded, kernel[..., k], mode="valid")[..., 0] for k in range(len(bias))]
        return np.maximum(np.stack(y, axis=-1) + bias, 0)

    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    pooled = windows.max(axis=(-2, -1))
    expected = np.concatenate(
        [
            conv(image, "1x1"),
            conv(conv(image, "3x3_reduce"), "3x3"),
            conv(conv(image, "5x5_reduce"), "5x5"),
            conv(pooled, "pool_project"),
        ],
        axis=-1,
    )
    np.testing.assert_allclose(model(image[None])[0], expected, atol=1e-5)
    assert model.get_layer("i_5x5_conv").kernel_size == (large, large)
