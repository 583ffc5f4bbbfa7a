"""Dense layers and the transitions between their blocks."""

from functools import partial

import numpy as np

from dlkit import blocks

PAPER = blocks.style("paper")


def relu(x):
    return np.maximum(x, 0)


def test_a_dense_layer_appends_its_maps_to_what_it_got(model_of, convolve, kernel, norm, maps):
    block = partial(blocks.dense_layer, growth=3, style=PAPER, name="b")
    model, x = model_of(block, (5, 6, 4)), maps(5, 6, 4)
    y = relu(norm(convolve(relu(norm(x)), kernel(model, "b_1_conv"))))
    assert y.shape[-1] == 4 * 3
    y = convolve(y, kernel(model, "b_2_conv"))
    np.testing.assert_allclose(model(x), np.concatenate([x, y], axis=-1), atol=1e-5)


def test_a_transition_halves_channels_and_sides(model_of, convolve, kernel, norm, maps):
    block = partial(blocks.transition, style=PAPER, name="t")
    model, x = model_of(block, (5, 6, 4)), maps(5, 6, 4)
    y = convolve(relu(norm(x)), kernel(model, "t_conv"))[:, :4]  # an odd last row is dropped
    means = y.reshape(2, 2, 2, 3, 2, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(model(x), means, atol=1e-5)


def test_another_compression(model_of):
    block = partial(blocks.transition, compression=0.3, style=PAPER, name="t")
    assert model_of(block, (4, 4, 7)).output.shape == (None, 2, 2, 2)  # int(2.1)
