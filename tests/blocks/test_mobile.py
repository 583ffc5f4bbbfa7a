"""Blocks for small devices: depthwise convolutions, inverted bottlenecks, scaled channels."""

import dataclasses
from functools import partial

import keras
import numpy as np
import pytest

from dlkit import blocks, layers

PAPER = blocks.style("paper")


def relu(x):
    return np.maximum(x, 0)


def names(model):
    return [layer.name for layer in model.layers[1:]]


@pytest.fixture
def depthwise(convolve):
    """Each channel by a kernel of its own, in NumPy."""

    def depthwise(x, kernel, strides=1):
        one = [convolve(x[..., c : c + 1], kernel[:, :, c : c + 1], strides)
               for c in range(x.shape[-1])]  # fmt: skip
        return np.concatenate(one, axis=-1)

    return depthwise


@pytest.mark.parametrize("k", [3, 5])
def test_a_depthwise_convolution(k, model_of, depthwise, kernel, norm, maps):
    block = partial(blocks.depthwise_norm_act, kernel_size=k, style=PAPER, name="d")
    model, x = model_of(block, (6, 7, 3)), maps(6, 7, 3)
    assert names(model) == ["d_conv", "d_norm", "d_act"]
    assert model.count_params() == k * k * 3 + 4 * 3  # no bias
    np.testing.assert_allclose(
        model(x), relu(norm(depthwise(x, kernel(model, "d_conv")))), atol=1e-5
    )


def test_depthwise_kernels_begin_with_the_deviation_of_nine_inputs(model_of, kernel):
    block = partial(blocks.depthwise_norm_act, kernel_size=3, style=PAPER, name="d")
    values = kernel(model_of(block, (4, 4, 512)), "d_conv")
    assert values.std() == pytest.approx(np.sqrt(2 / 9), rel=0.05)


def test_a_separable_block(model_of, depthwise, convolve, kernel, norm, maps):
    block = partial(blocks.depthwise_separable, filters=5, style=PAPER, name="b")
    model, x = model_of(block, (6, 7, 3)), maps(6, 7, 3)
    y = relu(norm(depthwise(x, kernel(model, "b_depthwise_conv"))))
    y = relu(norm(convolve(y, kernel(model, "b_pointwise_conv"))))
    np.testing.assert_allclose(model(x), y, atol=1e-5)


@pytest.mark.parametrize("side, half", [(8, 4), (7, 3)])
def test_a_separable_blocks_step_pads_at_the_end_alone(side, half, model_of):
    block = partial(blocks.depthwise_separable, filters=5, strides=2, style=PAPER, name="b")
    model = model_of(block, (side, side, 3))
    assert model.get_layer("b_depthwise_pad").padding == ((0, 1), (0, 1))
    assert model.output.shape == (None, half, half, 5)


@pytest.mark.parametrize(("strides", "padded"), [(1, False), (2, True)])
def test_centred_padding_is_alike_on_both_sides(strides, padded, model_of):
    block = partial(
        blocks.inverted_bottleneck, filters=5, strides=strides, expand=1, kernel_size=5,
        padding="centred", style=PAPER, name="b",
    )  # fmt: skip
    model = model_of(block, (8, 8, 3))
    assert ("b_depthwise_pad" in names(model)) is padded
    if padded:
        assert model.get_layer("b_depthwise_pad").padding == ((2, 2), (2, 2))
    assert model.output.shape == (None, 8 // strides, 8 // strides, 5)


def test_an_inverted_bottleneck(model_of, depthwise, convolve, kernel, norm, maps):
    """y = F(x) + x, and nothing bends the narrow end."""
    block = partial(blocks.inverted_bottleneck, filters=3, expand=2, style=PAPER, name="b")
    model, x = model_of(block, (6, 7, 3)), maps(6, 7, 3)
    y = relu(norm(convolve(x, kernel(model, "b_expand_conv"))))
    assert y.shape[-1] == 2 * 3
    y = relu(norm(depthwise(y, kernel(model, "b_depthwise_conv"))))
    y = norm(convolve(y, kernel(model, "b_project_conv")))
    np.testing.assert_allclose(model(x), x + y, atol=1e-5)


@pytest.mark.parametrize("filters, strides, summed", [(4, 1, True), (5, 1, False), (4, 2, False)])
def test_the_sum_is_there_where_shapes_agree(filters, strides, summed, model_of):
    block = partial(blocks.inverted_bottleneck, style=PAPER, name="b", drop_path=0.2)
    model = model_of(partial(block, filters=filters, strides=strides), (7, 7, 4))
    side = -(-7 // strides)
    assert model.output.shape == (None, side, side, filters)
    assert ("b_add" in names(model)) == ("b_drop_path" in names(model)) == summed


def test_no_expansion_leaves_the_first_convolution_out(model_of):
    block = partial(blocks.inverted_bottleneck, filters=4, expand=1, style=PAPER, name="b")
    assert "b_expand_conv" not in names(model_of(block))


def test_attention_stands_in_the_wide_middle_before_it_is_narrowed(model_of):
    block = partial(
        blocks.inverted_bottleneck, filters=4, style=PAPER, name="b",
        attention=partial(blocks.squeeze_excite, reduction=24),
    )  # fmt: skip
    model = model_of(block)
    assert model.get_layer("b_se_reduce").kernel.shape == (24, 1)
    inputs = model.get_layer("b_project_conv").input._keras_history.operation
    assert inputs.name == "b_se"


def test_a_dropped_branch_leaves_the_shortcut(model_of, maps):
    block = partial(blocks.inverted_bottleneck, filters=4, drop_path=0.5, style=PAPER, name="b")
    model, x = model_of(block), np.repeat(maps(8, 8, 4)[:1], 64, axis=0)
    assert isinstance(model.get_layer("b_drop_path"), layers.DropPath)
    model.trainable = False  # norms keep their statistics, so that samples differ by the draw alone
    y = np.asarray(model(x, training=True))
    alone = np.isclose(y, x).all(axis=(1, 2, 3))
    assert 16 < alone.sum() < 48  # 64 draws of one half: 4 deviations are 16
    whole = np.asarray(model(x[:1]))
    np.testing.assert_allclose(y[~alone][0], x[0] + 2 * (whole[0] - x[0]), atol=1e-4)


@pytest.mark.parametrize(
    "filters, alpha, divisor, expected",
    [
        (32, 1.0, 1, 32),
        (32, 0.35, 1, 11),
        (32, 0.35, 8, 16),  # 11.2: 8 would be a tenth too few
        (24, 0.75, 8, 24),  # 18: 16 would
        (24, 0.35, 8, 8),  # 8.4
        (96, 0.35, 8, 32),  # 33.6
        (16, 1.4, 8, 24),  # 22.4
        (4, 0.5, 8, 8),  # never below the divisor
    ],
)
def test_scaled(filters, alpha, divisor, expected):
    assert blocks.scaled(filters, alpha, divisor) == expected


@pytest.mark.parametrize("alpha", [0.0, 0.01, -1])
def test_no_channels_are_refused(alpha):
    with pytest.raises(blocks.BlockError, match=f"alpha={alpha} leaves no channel of 32") as caught:
        blocks.scaled(32, alpha)
    assert caught.value.fix


def test_a_style_of_another_activation(model_of):
    style = dataclasses.replace(PAPER, act=partial(keras.layers.Activation, "relu6"))
    block = partial(blocks.inverted_bottleneck, filters=4, style=style, name="b")
    model = model_of(block)
    assert model.get_layer("b_depthwise_act").activation is keras.activations.relu6
