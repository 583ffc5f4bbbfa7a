"""The dialects: what their constructors build."""

import dataclasses
from functools import partial

import keras
import numpy as np
import pytest

from dlkit import blocks


def conv_layer(name, kernel=3, strides=1, channels=16, filters=64):
    x = keras.Input((8, 8, channels))
    y = blocks.style(name).conv(filters, kernel, strides, name="c")(x)
    return keras.Model(x, y).get_layer("c")


def test_a_style_is_found_by_name_and_ones_own_is_taken_as_it_is():
    own = dataclasses.replace(blocks.STYLES["paper"], act=partial(keras.layers.Activation, "gelu"))
    assert blocks.style("torch") is blocks.STYLES["torch"]
    assert blocks.style(own) is own


@pytest.mark.parametrize(
    "name, near", [("pytorch", "torch"), ("Keras", "keras"), ("papers", "paper")]
)
def test_an_unknown_style_names_the_nearest(name, near):
    with pytest.raises(blocks.BlockError, match=f"no style '{name}'. Did you mean '{near}'?") as e:
        blocks.style(name)
    assert e.value.fix == "Choose one: 'paper', 'torch', 'keras'"


@pytest.mark.parametrize(
    "name, bias, epsilon, momentum",
    [("paper", False, 1e-5, 0.9), ("torch", False, 1e-5, 0.9), ("keras", True, 1.001e-5, 0.99)],
)
def test_the_rows(name, bias, epsilon, momentum):
    norm = blocks.style(name).norm(name="n")
    assert conv_layer(name).use_bias is bias
    assert (norm.epsilon, norm.momentum, norm.name) == (epsilon, momentum, "n")


@pytest.mark.parametrize(
    "name, std",
    [
        ("paper", np.sqrt(2 / (3 * 3 * 16))),  # He over inputs
        ("torch", np.sqrt(2 / (3 * 3 * 64))),  # He over outputs
        ("keras", np.sqrt(2 / (3 * 3 * (16 + 64)))),  # Glorot
    ],
)
def test_initial_kernels_have_the_dialects_deviation(name, std):
    keras.utils.set_random_seed(0)
    kernel = np.asarray(conv_layer(name).kernel)  # 9,216 values: 3 standard errors are 2.2 %
    assert kernel.std() == pytest.approx(std, rel=0.03)
    assert abs(kernel.mean()) < 4 * std / np.sqrt(kernel.size)


@pytest.mark.parametrize("name", blocks.STYLES)
def test_two_layers_of_a_style_draw_different_weights_and_a_seed_repeats_them(name):
    def draw():
        keras.utils.set_random_seed(3)
        return [np.asarray(conv_layer(name).kernel) for _ in range(2)]

    first, second = draw()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, draw()[0])


def test_torch_dense_layers_are_uniform_within_one_over_the_root_of_their_inputs():
    keras.utils.set_random_seed(0)
    layer = blocks.style("torch").dense(50, name="d")
    layer.build((None, 400))
    kernel = np.asarray(layer.kernel)
    assert np.abs(kernel).max() == pytest.approx(1 / np.sqrt(400), rel=0.01)
    assert kernel.std() == pytest.approx(1 / np.sqrt(3 * 400), rel=0.02)


@pytest.mark.parametrize("name", blocks.STYLES)
@pytest.mark.parametrize("size", [7, 8])
def test_strided_convolutions_sample_where_the_unstrided_one_has_its_even_pixels(name, size):
    """Padding alike on both sides makes stride 2 a subsampling of stride 1."""
    x = keras.random.normal((1, size, size, 2), seed=0)
    image = keras.Input((size, size, 2))
    style = blocks.style(name)
    dense = keras.Model(image, style.conv(4, 3, 1, name="c")(image))
    sparse = keras.Model(image, style.conv(4, 3, 2, name="c")(image))
    sparse.set_weights(dense.get_weights())
    np.testing.assert_allclose(sparse(x), np.asarray(dense(x))[:, ::2, ::2], atol=1e-5)


def test_keras_same_would_shift_the_pixels_of_even_maps():
    """Why no style uses it."""
    x = keras.random.normal((1, 8, 8, 2), seed=0)
    image = keras.Input((8, 8, 2))
    dense = keras.Model(image, blocks.style("paper").conv(4, 3, 1, name="c")(image))
    same = keras.layers.Conv2D(4, 3, 2, padding="same", use_bias=False)
    sparse = keras.Model(image, same(image))
    sparse.set_weights(dense.get_weights())
    np.testing.assert_allclose(sparse(x), np.asarray(dense(x))[:, 1::2, 1::2], atol=1e-5)


@pytest.mark.parametrize("name, number", [("paper", 1), ("torch", 2), ("keras", 1)])
def test_which_convolution_of_a_bottleneck_makes_its_step(name, number):
    x = keras.Input((8, 8, 4))
    model = keras.Model(x, blocks.bottleneck(x, 2, 2, style=blocks.style(name), name="b"))
    steps = [model.get_layer(f"b_{i}_conv").strides[0] for i in (1, 2, 3)]
    assert steps == [2 if i == number else 1 for i in (1, 2, 3)]


def test_padding_is_a_layer_only_where_it_must_be():
    x = keras.Input((8, 8, 3))
    style = blocks.style("paper")
    names = [
        [layer.name for layer in keras.Model(x, style.conv(4, k, s, name="c")(x)).layers[1:]]
        for k, s in ((3, 1), (1, 2), (3, 2))
    ]
    assert names == [["c"], ["c"], ["c_pad", "c"]]
