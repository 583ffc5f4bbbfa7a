"""Xception: counts by hand, values by keras.applications, what it refuses."""

import ast
import inspect
import re

import keras
import numpy as np
import pytest
from dlkit_vision import xception

import dlkit

SEPARABLE = [  # inputs and outputs, from the second block on
    *((64, 128), (128, 128), (128, 256), (256, 256), (256, 728), (728, 728)),
    *24 * [(728, 728)],
    *((728, 728), (728, 1024), (1024, 1536), (1536, 2048)),
]
SHORTCUTS = [(64, 128), (128, 256), (256, 728), (728, 1024)]
STEM = [(3, 32), (32, 64)]


def small(**config):
    return xception.xception(**{"input_shape": (32, 32, 3), "num_classes": 5, **config})


@pytest.fixture(scope="module")
def whole():
    return xception.xception()


def test_parameters_are_the_papers(whole):
    kernels = sum(3 * 3 * inputs * outputs for inputs, outputs in STEM)
    kernels += sum(3 * 3 * inputs + inputs * outputs for inputs, outputs in SEPARABLE)
    kernels += sum(inputs * outputs for inputs, outputs in SHORTCUTS)
    channels = sum(outputs for _, outputs in STEM + SEPARABLE + SHORTCUTS)  # 27,264
    trainable = sum(int(np.prod(w.shape)) for w in whole.trainable_weights)
    assert trainable == kernels + 2 * channels + 2048 * 1000 + 1000 == 22855952
    assert whole.count_params() == trainable + 2 * channels == 22910480
    assert len(STEM + SEPARABLE) == 36  # convolutions, by the paper


def test_the_papers_shapes(whole):
    shapes = {
        "block1_1_act": (149, 149, 32),
        "block1_2_act": (147, 147, 64),
        "block2_add": (74, 74, 128),
        "block3_add": (37, 37, 256),
        "block4_add": (19, 19, 728),
        "block12_add": (19, 19, 728),
        "block13_add": (10, 10, 1024),
        "block14_2_act": (10, 10, 2048),
    }
    assert {name: whole.get_layer(name).output.shape[1:] for name in shapes} == shapes


def rename(ours, theirs):
    """What a layer is called by them, who left the shortcuts' names to Keras' counters."""
    names = {"logits": "predictions"}
    for layer in ours.layers:
        place = layer.name
        if found := re.fullmatch(r"(block\d+)_([1-3])_(conv|sepconv|norm)", place):
            block, number, kind = found.groups()
            stem = "conv" if block == "block1" else "sepconv"
            names[place] = f"{block}_{stem}{number}" + ("_bn" if kind == "norm" else "")
    for ending, prefix in (("_0_conv", "conv2d"), ("_0_norm", "batch_normalization")):
        mine = [layer.name for layer in ours.layers if layer.name.endswith(ending)]
        counted = [layer.name for layer in theirs.layers if layer.name.startswith(prefix)]
        names |= dict(zip(mine, counted, strict=True))  # both from the second block to the 13th
    return names


def test_outputs_equal_those_of_keras_applications(difference):
    shape = (75, 96, 3)
    theirs = keras.applications.Xception(
        weights=None, input_shape=shape, classes=7, classifier_activation=None
    )
    ours = small(num_classes=7, input_shape=shape, classifier_activation=None)
    names = rename(ours, theirs)
    # The published file lists its layers in the order of the model's.
    weighted = [[layer.name for layer in m.layers if layer.weights] for m in (theirs, ours)]
    assert [names[name] for name in weighted[1]] == weighted[0]
    preprocess = keras.applications.xception.preprocess_input
    maps = ("block14_sepconv2_act", "block14_2_act")
    assert difference(theirs, ours, names.get, preprocess, maps) < 1e-5


def test_only_the_first_separable_convolution_has_no_activation_before_it(whole):
    names = [layer.name for layer in whole.layers]
    assert "block2_1_act" not in names
    assert {"block2_2_act", "block3_1_act", "block5_1_act", "block13_1_act"} <= set(names)
    sums = [layer.name for layer in whole.layers if isinstance(layer, keras.layers.Add)]
    assert sums == [f"block{n}_add" for n in range(2, 14)]


def test_classes_channels_sizes_and_features():
    model = small(input_shape=(None, None, 1), pooling="max", num_classes=3)
    for shape in ((2, 32, 32, 1), (1, 33, 70, 1)):
        p = model(np.full(shape, 100, "uint8"), training=False)
        assert p.shape == (shape[0], 3)
        np.testing.assert_allclose(np.sum(p, axis=1), 1.0, atol=1e-6)
    assert small(num_classes=0).output.shape == (None, 2048)
    assert small(dropout=0.5, include_preprocessing=False).get_layer("dropout").rate == 0.5


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
        ({"classifier_activation": "tanh"}, "no activation 'tanh'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        small(**config)
    assert caught.value.fix


def test_the_models_body_fits_thirty_five_lines():
    (function,) = ast.parse(inspect.getsource(xception.xception)).body
    body = function.body[1:]  # without the docstring
    assert body[-1].end_lineno - body[0].lineno + 1 <= 35
