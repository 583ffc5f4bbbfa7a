"""The bottleneck and what varies it: projection, step, groups, width, attention."""

from functools import partial

import keras
import numpy as np
import pytest

from dlkit import blocks

PAPER, TORCH = blocks.style("paper"), blocks.style("torch")


def relu(x):
    return np.maximum(x, 0)


@pytest.mark.parametrize("style", [PAPER, TORCH])
def test_it_computes_the_papers_equation(style, model_of, convolve, kernel, norm, maps):
    """y = relu(F(x) + W x), the step made by the style's convolution and by the shortcut's."""
    block = partial(blocks.bottleneck, filters=3, strides=2, style=style, name="b")
    model, x = model_of(block, (7, 8, 4)), maps(7, 8, 4)
    first, second = (2, 1) if style is PAPER else (1, 2)
    f = relu(norm(convolve(x, kernel(model, "b_1_conv"), first)))
    f = relu(norm(convolve(f, kernel(model, "b_2_conv"), second)))
    f = norm(convolve(f, kernel(model, "b_3_conv")))
    shortcut = norm(convolve(x, kernel(model, "b_0_conv"), 2))
    assert model.output.shape == (None, 4, 4, 12)
    np.testing.assert_allclose(model(x), relu(f + shortcut), atol=1e-5)


def test_each_group_sees_its_own_channels_alone(model_of, convolve, kernel, norm, maps):
    block = partial(blocks.bottleneck, filters=4, groups=2, widen=2, style=TORCH, name="b")
    model, x = model_of(block, (5, 5, 16)), maps(5, 5, 16)
    f = relu(norm(convolve(x, kernel(model, "b_1_conv"))))
    grouped = kernel(model, "b_2_conv")
    assert grouped.shape == (3, 3, 4, 8)  # widen · filters = 8 channels in two groups of four
    halves = [convolve(f[..., 4 * g : 4 * g + 4], grouped[..., 4 * g : 4 * g + 4]) for g in (0, 1)]
    f = norm(convolve(relu(norm(np.concatenate(halves, -1))), kernel(model, "b_3_conv")))
    np.testing.assert_allclose(model(x), relu(f + x), atol=1e-5)


def test_attention_weighs_the_branch_before_the_sum(model_of, maps):
    def nothing(y, *, style, name):
        return keras.layers.Rescaling(0.0, name=f"{name}_nothing")(y)

    block = partial(blocks.bottleneck, filters=1, attention=nothing, style=TORCH, name="b")
    x = maps(5, 5, 4)
    np.testing.assert_array_equal(model_of(block, (5, 5, 4))(x), relu(x))


def test_the_shortcut_is_projected_only_where_the_shape_changes(model_of):
    block = partial(blocks.bottleneck, style=TORCH, name="b")
    same = model_of(partial(block, filters=1), (8, 8, 4))
    wider = model_of(partial(block, filters=2), (8, 8, 4))
    smaller = model_of(partial(block, filters=1, strides=2), (8, 8, 4))
    found = ["b_0_conv" in [layer.name for layer in m.layers] for m in (same, wider, smaller)]
    assert found == [False, True, True]
    inputs = [tensor._keras_history.operation.name for tensor in wider.get_layer("b_add").input]
    assert inputs == ["b_0_norm", "b_3_norm"]


def test_projected_is_a_convolution_and_a_norm(model_of, convolve, kernel, norm, maps):
    shortcut = partial(blocks.projected, filters=6, strides=2, style=PAPER, name="b")
    model, x = model_of(shortcut, (5, 6, 4)), maps(5, 6, 4)
    np.testing.assert_allclose(model(x), norm(convolve(x, kernel(model, "b_0_conv"), 2)), atol=1e-5)


def test_a_basic_block_may_project_too(model_of):
    block = partial(
        blocks.basic, filters=8, strides=2, shortcut=blocks.projected, style=TORCH, name="b"
    )
    model = model_of(block)
    assert model.get_layer("b_0_conv").kernel.shape == (1, 1, 4, 8)
    assert "b_shortcut" not in [layer.name for layer in model.layers]


def test_squeeze_and_excitation_by_the_papers_formula(model_of, maps):
    block = partial(blocks.squeeze_excite, style=PAPER, name="b", reduction=4)
    model, x = model_of(block, (5, 6, 8)), maps(5, 6, 8)
    reduce, expand = (model.get_layer(f"b_se_{name}") for name in ("reduce", "expand"))
    random = np.random.default_rng(2)
    for layer in (reduce, expand):
        layer.bias.assign(random.normal(size=layer.bias.shape))
    z = x.mean(axis=(1, 2))
    s = relu(z @ np.asarray(reduce.kernel) + np.asarray(reduce.bias))
    assert s.shape == (2, 2)  # 8 channels / 4
    s = 1 / (1 + np.exp(-(s @ np.asarray(expand.kernel) + np.asarray(expand.bias))))
    np.testing.assert_allclose(model(x), x * s[:, None, None, :], atol=1e-6)
