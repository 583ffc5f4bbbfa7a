"""Residual blocks that begin with norm and activation."""

from functools import partial

import numpy as np
import pytest

from dlkit import blocks

PAPER, KERAS = blocks.style("paper"), blocks.style("keras")


def relu(x):
    return np.maximum(x, 0)


def names(model):
    return [layer.name for layer in model.layers[1:]]


def test_norm_act(model_of, norm, maps):
    model, x = model_of(partial(blocks.norm_act, style=PAPER, name="a")), maps(8, 8, 4)
    assert names(model) == ["a_norm", "a_act"]
    np.testing.assert_allclose(model(x), relu(norm(x)), atol=1e-6)


@pytest.mark.parametrize("activated", [False, True])
def test_the_basic_block(activated, model_of, convolve, kernel, norm, maps):
    """y = F(act(norm(x))) + x; a network's first block takes x as activated already."""
    block = partial(blocks.preact_basic, filters=4, activated=activated, style=PAPER, name="b")
    model, x = model_of(block, (5, 5, 4)), maps(5, 5, 4)
    y = x if activated else relu(norm(x))
    y = relu(norm(convolve(y, kernel(model, "b_1_conv"))))
    y = convolve(y, kernel(model, "b_2_conv"))
    np.testing.assert_allclose(model(x), x + y, atol=1e-5)


def test_the_basic_blocks_plain_twin(model_of):
    block = partial(blocks.preact_basic, filters=8, strides=2, style=PAPER, name="b")
    residual, plain = model_of(block), model_of(partial(block, shortcut=None))
    assert set(names(residual)) - set(names(plain)) == {"b_shortcut", "b_add"}
    assert residual.count_params() == plain.count_params()
    assert residual.output.shape == plain.output.shape == (None, 4, 4, 8)


def test_the_bottleneck_projects_the_activated_input(model_of, convolve, kernel, norm, maps):
    block = partial(blocks.preact_bottleneck, filters=2, strides=2, style=PAPER, name="b")
    model, x = model_of(block, (6, 7, 4)), maps(6, 7, 4)
    first = relu(norm(x))
    y = relu(norm(convolve(first, kernel(model, "b_1_conv"))))
    y = relu(norm(convolve(y, kernel(model, "b_2_conv"), 2)))
    y = convolve(y, kernel(model, "b_3_conv"))
    shortcut = convolve(first, kernel(model, "b_0_conv"), 2)
    np.testing.assert_allclose(model(x), shortcut + y, atol=1e-5)


@pytest.mark.parametrize("strides", [1, 2])
def test_where_channels_stay_x_reaches_the_sum_as_it_is(strides, model_of, maps):
    block = partial(blocks.preact_bottleneck, filters=1, strides=strides, style=PAPER, name="b")
    model, x = model_of(block, (7, 7, 4)), maps(7, 7, 4)
    model.get_layer("b_3_conv").kernel.assign(np.zeros((1, 1, 1, 4)))
    np.testing.assert_array_equal(model(x), x[:, ::strides, ::strides])
    assert ("b_0_pool" in names(model)) == (strides == 2)


def test_only_convolutions_before_a_norm_lose_the_styles_bias(model_of):
    block = partial(blocks.preact_bottleneck, filters=2, style=KERAS, name="b")
    model = model_of(block)
    biased = [model.get_layer(f"b_{i}_conv").use_bias for i in range(4)]
    assert biased == [True, False, False, True]
