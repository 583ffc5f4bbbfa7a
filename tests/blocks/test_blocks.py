"""Convolution, pooling, residual learning: names, shapes, values."""

import dataclasses
from functools import partial

import keras
import numpy as np
import pytest

from dlkit import blocks

PAPER = blocks.style("paper")


def model_of(block, shape=(8, 8, 4)):
    x = keras.Input(shape)
    return keras.Model(x, block(x))


def names(model):
    return [layer.name for layer in model.layers[1:]]


def test_conv_norm_act_names_its_layers():
    model = model_of(partial(blocks.conv_norm_act, filters=6, kernel_size=3, style=PAPER, name="a"))
    assert names(model) == ["a_conv", "a_norm", "a_act"]
    assert model.output.shape == (None, 8, 8, 6)


def test_a_style_without_norm_emits_none():
    style = dataclasses.replace(PAPER, norm=None)
    model = model_of(partial(blocks.conv_norm_act, filters=6, kernel_size=1, style=style, name="a"))
    assert names(model) == ["a_conv", "a_act"]


def test_pooling_values():
    x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    largest = model_of(partial(blocks.pool, kind="max", name="p"), (4, 4, 1))(x)
    mean = model_of(partial(blocks.pool, kind="average", name="p"), (4, 4, 1))(x)
    np.testing.assert_array_equal(np.squeeze(largest), [[5, 7], [13, 15]])
    np.testing.assert_array_equal(np.squeeze(mean), [[2.5, 4.5], [10.5, 12.5]])


@pytest.mark.parametrize("padding, side", [("valid", 3), ("same", 4)])
def test_overlapping_pooling_of_odd_maps(padding, side):
    pool = partial(blocks.pool, kind="max", size=3, strides=2, padding=padding, name="p")
    assert model_of(pool, (7, 7, 2)).output.shape == (None, side, side, 2)


@pytest.mark.parametrize("side", [7, 8])
def test_centred_pooling_has_zeros_on_all_sides(side):
    """Windows of 3 at a step of 2 stand around the even pixels, as with torch's padding=1."""
    x = np.random.default_rng(0).uniform(1, 2, (1, side, side, 1)).astype("float32")
    pool = partial(blocks.pool, kind="max", size=3, strides=2, padding="centred", name="p")
    model = model_of(pool, (side, side, 1))
    assert names(model) == ["p_pad", "p"]
    padded = np.pad(x[0, ..., 0], 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))[::2, ::2]
    np.testing.assert_array_equal(np.asarray(model(x))[0, ..., 0], windows.max(axis=(2, 3)))


def test_an_unknown_pooling_names_the_nearest():
    with pytest.raises(blocks.BlockError, match="no pooling 'avg'") as caught:
        blocks.pool(keras.Input((4, 4, 1)), "avg", name="p")
    assert caught.value.fix == "Choose one: 'max', 'average'"


def test_a_residual_block_and_its_plain_twin():
    block = partial(blocks.basic, filters=8, strides=2, style=PAPER, name="b")
    residual, plain = model_of(block), model_of(partial(block, shortcut=None))
    pair = ["b_1_conv_pad", "b_1_conv", "b_1_norm", "b_1_act", "b_2_conv", "b_2_norm"]
    assert names(plain) == [*pair, "b_out"]
    assert set(names(residual)) - set(names(plain)) == {"b_shortcut", "b_add"}
    # 3·3·4·8 + 3·3·8·8 kernels, and gamma and beta of two norms: 288 + 576 + 32
    assert sum(w.size for w in map(np.asarray, residual.trainable_weights)) == 896
    assert residual.count_params() == plain.count_params() == 896 + 32  # moving statistics


def test_the_shortcut_enters_the_sum_before_the_main_path():
    model = model_of(partial(blocks.basic, filters=8, strides=2, style=PAPER, name="b"))
    inputs = [tensor._keras_history.operation.name for tensor in model.get_layer("b_add").input]
    assert inputs == ["b_shortcut", "b_2_norm"]


def test_an_unchanged_shape_needs_no_shortcut_layer():
    model = model_of(partial(blocks.basic, filters=4, style=PAPER, name="b"))
    assert "b_shortcut" not in names(model)


@pytest.mark.parametrize("style", blocks.STYLES)
@pytest.mark.parametrize("side", [1, 5, 8])
def test_shapes_of_odd_and_even_maps(style, side):
    block = partial(blocks.basic, filters=8, strides=2, style=blocks.style(style), name="b")
    half = -(-side // 2)
    assert model_of(block, (side, side, 4)).output.shape == (None, half, half, 8)


def test_zero_gamma_makes_a_block_its_own_shortcut():
    """A layer's own way is a constructor in `replace`, not a new keyword of the blocks."""
    zero = dataclasses.replace(PAPER, norm=partial(PAPER.norm, gamma_initializer="zeros"))
    x = keras.random.normal((2, 8, 8, 4), seed=0)
    y = model_of(partial(blocks.basic, filters=4, style=zero, name="b"))(x)
    np.testing.assert_array_equal(y, np.maximum(x, 0))


def test_a_residual_block_computes_the_papers_equation():
    """y = relu(F(x) + x), with F from the layers' own weights by a NumPy convolution."""
    keras.utils.set_random_seed(0)
    model = model_of(partial(blocks.basic, filters=4, style=PAPER, name="b"), (5, 5, 4))
    x = np.asarray(keras.random.normal((1, 5, 5, 4), seed=1))

    def conv(x, kernel):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        return np.einsum("bhwcij,ijco->bhwo", windows, kernel)

    first, second = (np.asarray(model.get_layer(f"b_{i}_conv").kernel) for i in (1, 2))
    scale = 1 / np.sqrt(1 + 1e-5)  # fresh statistics: mean 0, variance 1
    f = conv(np.maximum(conv(x, first) * scale, 0), second) * scale
    np.testing.assert_allclose(model(x), np.maximum(f + x, 0), atol=1e-5)
