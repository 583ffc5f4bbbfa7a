"""The blocks of Darknet and of ConvNeXt, by value."""

import dataclasses
from functools import partial

import keras
import numpy as np
import pytest
from scipy.special import erf

from dlkit import blocks

LEAKY = dataclasses.replace(blocks.style("paper"), act=partial(keras.layers.LeakyReLU, 0.1))
MODERN = blocks.Style(
    conv=keras.layers.Conv2D,
    norm=partial(keras.layers.LayerNormalization, epsilon=1e-6),
    act=partial(keras.layers.Activation, "gelu"),
    dense=keras.layers.Dense,
)


@pytest.mark.parametrize("has_shortcut", [True, False])
def test_darknets_pair(has_shortcut, model_of, convolve, kernel, norm, maps):
    def leaky(x):
        return np.where(x > 0, x, 0.1 * x)

    block = partial(blocks.darknet_block, has_shortcut=has_shortcut, style=LEAKY, name="b")
    model, x = model_of(block, (5, 6, 4)), maps(5, 6, 4)
    y = leaky(norm(convolve(x, kernel(model, "b_1_conv"))))
    assert y.shape[-1] == 2
    y = leaky(norm(convolve(y, kernel(model, "b_2_conv"))))
    np.testing.assert_allclose(model(x), x + y if has_shortcut else y, atol=1e-5)


def test_convnexts_block(model_of, convolve, kernel, maps):
    block = partial(blocks.convnext_block, scale=0.5, style=MODERN, name="b")
    model, x = model_of(block, (8, 9, 4)), maps(8, 9, 4)
    depthwise = kernel(model, "b_depthwise_conv")
    assert depthwise.shape == (7, 7, 4, 1)
    y = np.concatenate(
        [convolve(x[..., c : c + 1], depthwise[:, :, c : c + 1]) for c in range(4)], axis=-1
    )
    y = (y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 1e-6)
    y = y @ kernel(model, "b_expand")
    assert y.shape[-1] == 16
    y = y * (1 + erf(y / np.sqrt(2))) / 2
    y = 0.5 * (y @ kernel(model, "b_project"))
    np.testing.assert_allclose(model(x), x + y, atol=1e-4)


def test_convnexts_block_begins_near_the_identity(model_of, maps):
    block = partial(blocks.convnext_block, drop_path=0.1, style=MODERN, name="b")
    model, x = model_of(block), maps(8, 8, 4)
    np.testing.assert_allclose(model(x), x, atol=1e-4)
    assert model.get_layer("b_drop_path").rate == 0.1
