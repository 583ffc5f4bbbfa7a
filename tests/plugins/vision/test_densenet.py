"""DenseNet: counts by hand, values by keras.applications, what it refuses."""

import ast
import inspect
from functools import partial

import keras
import numpy as np
import pytest
from dlkit_vision import densenet
from dlkit_vision.layouts import of_keras

import dlkit
from dlkit import blocks

TORCH = {"densenet121": 7978856, "densenet169": 14149480, "densenet201": 20013928}
KERAS = {"densenet121": 8062504, "densenet169": 14307880, "densenet201": 20242984}  # + statistics


def by_hand(depths):
    """Weights of convolutions and of the dense layer, and the channels of all norms."""
    kernels, normed, channels = 7 * 7 * 3 * 64, 64, 64
    for block, depth in enumerate(depths):
        for _ in range(depth):  # 1×1 to 4·32, 3×3 to 32
            kernels += channels * 128 + 3 * 3 * 128 * 32
            normed += channels + 128
            channels += 32
        normed += channels  # of the transition, or of the network's end
        if block < 3:
            kernels += channels * channels // 2
            channels //= 2
    return kernels + channels * 1000 + 1000, normed


@pytest.mark.parametrize(
    "name",
    [
        "densenet121",
        pytest.param("densenet169", marks=pytest.mark.slow),
        pytest.param("densenet201", marks=pytest.mark.slow),
    ],
)
def test_parameters_are_the_published(name):
    model = densenet.densenet(name)
    kernels, normed = by_hand(densenet.DEPTHS[name])
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == kernels + 2 * normed == TORCH[name]
    assert model.count_params() == kernels + 4 * normed == KERAS[name]
    layers = [x for x in model.layers if isinstance(x, keras.layers.Conv2D | keras.layers.Dense)]
    assert len(layers) == int(name.removeprefix("densenet"))
    assert model.name == name


def test_the_stages_shapes():
    model = densenet.densenet121(num_classes=0)
    names = ("conv1_act", "pool1", "conv2_block6_concat", "pool2_pool", "conv3_block12_concat",
             "conv4_block24_concat", "conv5_block16_concat", "post_act")  # fmt: skip
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (112, 112, 64),
        (56, 56, 64),
        (56, 56, 256),
        (28, 28, 128),
        (28, 28, 512),
        (14, 14, 1024),
        (7, 7, 1024),
        (7, 7, 1024),
    ]
    assert model.output.shape == (None, 1024)


def test_outputs_equal_those_of_keras_applications(difference):
    shape = (45, 64, 3)
    theirs = keras.applications.DenseNet121(
        weights=None, input_shape=shape, classes=7, classifier_activation=None
    )
    ours = densenet.densenet121(
        num_classes=7, input_shape=shape, classifier_activation=None, style="keras"
    )
    preprocess = keras.applications.densenet.preprocess_input
    assert (
        difference(theirs, ours, of_keras.DENSENET.layer, preprocess, ("relu", "post_act")) < 1e-5
    )


@pytest.fixture
def shallow(monkeypatch):
    """One layer a block: what does not depend on the depth is asked of this."""
    monkeypatch.setitem(densenet.DEPTHS, "shallow", (1, 1, 1, 1))
    return partial(densenet.densenet, "shallow")


@pytest.mark.parametrize("style", blocks.STYLES)
def test_no_convolution_has_a_bias_in_any_style(style, shallow):
    model = shallow(style=style)
    assert not any(x.use_bias for x in model.layers if isinstance(x, keras.layers.Conv2D))
    assert model.get_layer("post_norm").epsilon == (1.001e-5 if style == "keras" else 1e-5)


def test_open_sides_other_channels_and_classes(shallow):
    model = shallow(num_classes=3, input_shape=(None, None, 1), pooling="max")
    for shape in ((2, 32, 32, 1), (1, 33, 47, 1)):
        p = model(np.full(shape, 100, "uint8"), training=False)
        assert p.shape == (shape[0], 3)


def test_dropout_and_no_preprocessing(shallow):
    model = shallow(dropout=0.5, include_preprocessing=False)
    assert model.get_layer("dropout").rate == 0.5
    assert model.layers[1].name == "conv1_conv_pad"


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"style": "Torch"}, "no style 'Torch'. Did you mean 'torch'"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message, shallow):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        shallow(**config)
    assert caught.value.fix


def test_the_models_body_fits_thirty_lines():
    (function,) = ast.parse(inspect.getsource(densenet.densenet)).body
    body = function.body[1:]  # without the docstring
    assert body[-1].end_lineno - body[0].lineno + 1 <= 30
