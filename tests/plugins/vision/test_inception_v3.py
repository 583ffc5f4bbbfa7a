"""Inception v3: counts by hand, values by keras.applications, what it refuses."""

import re

import keras
import numpy as np
import pytest
from dlkit_vision import inception_v3

import dlkit

# Side by side in each block: (window, inputs, outputs) of its convolutions.
STEM = [(9, 3, 32), (9, 32, 32), (9, 32, 64), (1, 64, 80), (9, 80, 192)]


def grid35(n, projection):
    return [(1, n, 64), (1, n, 48), (25, 48, 64), (1, n, 64), (9, 64, 96), (9, 96, 96),
            (1, n, projection)]  # fmt: skip


def grid17(c):
    return [(1, 768, 192), (1, 768, c), (7, c, c), (7, c, 192), (1, 768, c), (7, c, c), (7, c, c),
            (7, c, c), (7, c, 192), (1, 768, 192)]  # fmt: skip


def grid8(n):
    return [(1, n, 320), (1, n, 384), (3, 384, 384), (3, 384, 384), (1, n, 448), (9, 448, 384),
            (3, 384, 384), (3, 384, 384), (1, n, 192)]  # fmt: skip


CONVOLUTIONS = [
    *STEM,
    *(*grid35(192, 32), *grid35(256, 64), *grid35(288, 64)),
    *((9, 288, 384), (1, 288, 64), (9, 64, 96), (9, 96, 96)),
    *(*grid17(128), *grid17(160), *grid17(160), *grid17(192)),
    *((1, 768, 192), (9, 192, 320), (1, 768, 192), (7, 192, 192), (7, 192, 192), (9, 192, 192)),
    *(*grid8(1280), *grid8(2048)),
]


def small(**config):
    return inception_v3.inception_v3(**{"input_shape": (75, 75, 3), "num_classes": 5, **config})


@pytest.fixture(scope="module")
def whole():
    return inception_v3.inception_v3()


def test_parameters_are_the_published(whole):
    kernels = sum(window * inputs * outputs for window, inputs, outputs in CONVOLUTIONS)
    channels = sum(outputs for _, _, outputs in CONVOLUTIONS)  # 17,216
    dense = 2048 * 1000 + 1000
    trainable = sum(int(np.prod(w.shape)) for w in whole.trainable_weights)
    assert trainable == kernels + channels + dense == 23817352  # offsets, and no gains
    assert whole.count_params() == trainable + 2 * channels == 23851784
    convs = [layer for layer in whole.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convs) == len(CONVOLUTIONS) == 94


def test_the_papers_shapes(whole):
    shapes = {
        "conv1_act": (149, 149, 32),
        "conv3_act": (147, 147, 64),
        "pool3": (73, 73, 64),
        "conv5_act": (71, 71, 192),
        "pool5": (35, 35, 192),
        "mixed0": (35, 35, 256),
        "mixed2": (35, 35, 288),
        "mixed3": (17, 17, 768),
        "mixed7": (17, 17, 768),
        "mixed8": (8, 8, 1280),
        "mixed10": (8, 8, 2048),
    }
    assert {name: whole.get_layer(name).output.shape[1:] for name in shapes} == shapes


def numbers(name):
    """mixed10_2_1_conv as (10, 2, 1), so that blocks and branches sort as they were built."""
    return name.startswith("mixed"), [int(n) for n in re.findall(r"\d+", name)]


def counted(model, prefix):
    """The layers whose names Keras made by counting, in the order of the count."""
    found = [layer.name for layer in model.layers if re.fullmatch(rf"{prefix}(_\d+)?", layer.name)]
    return sorted(found, key=lambda name: int(name.removeprefix(prefix).strip("_") or 0))


def test_outputs_equal_those_of_keras_applications(difference):
    shape = (80, 107, 3)
    theirs = keras.applications.InceptionV3(
        weights=None, input_shape=shape, classes=7, classifier_activation=None
    )
    ours = small(num_classes=7, input_shape=shape, classifier_activation=None)
    names = {"logits": "predictions"}
    for ending, prefix in (("_conv", "conv2d"), ("_norm", "batch_normalization")):
        mine = [layer.name for layer in ours.layers if layer.name.endswith(ending)]
        pairs = zip(sorted(mine, key=numbers), counted(theirs, prefix), strict=True)
        names |= dict(pairs)
    # The published file lists its layers in the order of the model's.
    weighted = [[layer.name for layer in m.layers if layer.weights] for m in (theirs, ours)]
    assert [names[name] for name in weighted[1]] == weighted[0]
    preprocess = keras.applications.inception_v3.preprocess_input
    assert difference(theirs, ours, names.get, preprocess, ("mixed7", "mixed7")) < 1e-5


def test_norms_have_no_gain_and_follow_quickly():
    norm = small().get_layer("conv1_norm")
    assert (norm.scale, norm.center, norm.epsilon, norm.momentum) == (False, True, 1e-3, 0.9)


def test_classes_channels_sizes_and_features():
    model = small(input_shape=(None, None, 1), pooling="max", num_classes=3)
    for shape in ((2, 75, 75, 1), (1, 76, 99, 1)):
        p = model(np.full(shape, 100, "uint8"), training=False)
        assert p.shape == (shape[0], 3)
        np.testing.assert_allclose(np.sum(p, axis=1), 1.0, atol=1e-6)
    assert small(num_classes=0).output.shape == (None, 2048)
    assert small(dropout=0.2, include_preprocessing=False).get_layer("dropout").rate == 0.2


def test_the_least_image_leaves_a_single_pixel():
    assert small().get_layer("mixed10").output.shape == (None, 1, 1, 2048)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (74, 75, 3)}, r"74×75 are too small.*minimum is 75×75"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
        ({"classifier_activation": "tanh"}, "no activation 'tanh'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        small(**config)
    assert caught.value.fix
