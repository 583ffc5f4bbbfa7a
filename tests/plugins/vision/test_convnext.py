"""ConvNeXt: counts by hand, values by keras.applications, stochastic depth."""

import itertools
import re

import keras
import numpy as np
import pytest
from dlkit_vision import convnext

import dlkit
from dlkit import layers


def by_hand(channels, depths):
    total = 4 * 4 * 3 * channels[0] + channels[0] + 2 * channels[0]  # stem and its norm
    for before, after in itertools.pairwise(channels):
        total += 2 * before + 2 * 2 * before * after + after  # norm, and a step of 2
    for c, depth in zip(channels, depths, strict=True):
        # 7×7 with bias, norm, c to 4c, 4c to c, scale
        total += depth * (49 * c + c + 2 * c + 4 * c * c + 4 * c + 4 * c * c + c + c)
    return total + 2 * channels[-1] + channels[-1] * 1000 + 1000


def test_parameters_by_hand():
    model = convnext.convnext_tiny()
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == by_hand((96, 192, 384, 768), (3, 3, 9, 3)) == 28589128
    assert model.count_params() == trainable  # there are no statistics
    assert model.name == "convnext-tiny"
    names = ("conv1_norm", "conv2_block3_add", "conv3_block3_add", "conv4_block9_add",
             "conv5_block3_add", "post_norm")  # fmt: skip
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (56, 56, 96),
        (56, 56, 96),
        (28, 28, 192),
        (14, 14, 384),
        (7, 7, 768),
        (768,),
    ]
    rates = [x.rate for x in model.layers if isinstance(x, layers.DropPath)]
    np.testing.assert_allclose(rates, np.linspace(0, 0.1, 18)[1:])


def rename(layer):
    if found := re.fullmatch(r"conv(\d)_block(\d)_(\w+)", layer):
        stage, block, part = found.groups()
        ends = {"norm": "layernorm", "expand": "pointwise_conv_1", "project": "pointwise_conv_2",
                "scale": "layer_scale"}  # fmt: skip
        place = f"stage_{int(stage) - 2}_block_{int(block) - 1}_{ends.get(part, part)}"
    elif found := re.fullmatch(r"conv([345])_(conv|norm)", layer):
        stage, part = found.groups()
        place = f"downsampling_{'conv' if part == 'conv' else 'layernorm'}_{int(stage) - 3}"
    else:
        place = {"conv1_conv": "stem_conv", "conv1_norm": "stem_layernorm",
                 "post_norm": "head_layernorm", "logits": "head_dense"}[layer]  # fmt: skip
    return f"convnext_tiny_{place}"


def test_outputs_equal_those_of_keras_applications(difference):
    shape = (37, 45, 3)
    theirs = keras.applications.ConvNeXtTiny(
        weights=None, input_shape=shape, classes=7, classifier_activation=None
    )
    ours = convnext.convnext_tiny(num_classes=7, input_shape=shape, classifier_activation=None)
    maps = ("convnext_tiny_stage_3_block_2_pointwise_conv_2", "conv5_block3_project")
    assert difference(theirs, ours, rename, lambda x: x, maps) < 1e-5


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setitem(convnext.NETWORKS, "small", ((8, 8, 16, 16), (1, 1, 2, 1)))

    def build(**config):
        return convnext.convnext("small", **config)

    return build


def test_open_sides_other_channels_and_poolings(small):
    means, largest = (
        small(input_shape=(None, None, 1), num_classes=0, pooling=pooling)
        for pooling in ("average", "max")
    )
    largest.set_weights(means.get_weights())
    for height, width in ((32, 32), (33, 47), (70, 64)):
        x = np.random.default_rng(0).integers(0, 256, (2, height, width, 1), dtype="uint8")
        shapes = [model(x, training=False).shape for model in (means, largest)]
        assert shapes == [(2, 16)] * 2
    assert not np.allclose(means(x), largest(x))


def test_features_are_normalised(small):
    x = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    features = np.asarray(small(input_shape=(32, 32, 3), num_classes=0)(x, training=False))
    np.testing.assert_allclose(features.mean(axis=-1), 0, atol=1e-5)


def test_every_weight_has_its_own_initial_values(small):
    keras.utils.set_random_seed(0)
    model = small(input_shape=(32, 32, 3), drop_path=0.0)
    assert not [x for x in model.layers if isinstance(x, layers.DropPath)]
    first, second = (np.asarray(model.get_layer(f"conv4_block{n}_expand").kernel) for n in (1, 2))
    assert not np.array_equal(first, second)
    assert first.std() == pytest.approx(0.02, rel=0.2)  # cut off at two deviations: 0.88 · .02


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message, small):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        small(**config)
    assert caught.value.fix
