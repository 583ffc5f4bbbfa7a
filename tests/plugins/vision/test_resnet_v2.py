"""Pre-activation residual networks: counts by hand, values by keras.applications."""

from functools import partial

import keras
import numpy as np
import pytest
from dlkit_vision import resnet_v2
from dlkit_vision.layouts import of_keras

import dlkit

KERAS = {"resnet50-v2": 25613800, "resnet101-v2": 44675560, "resnet152-v2": 60380648}


def by_hand(depths):
    """Weights of convolutions and of the dense layer, channels of norms, biases."""
    kernels, normed, biases, channels = 7 * 7 * 3 * 64, 0, 64, 64
    for stage, depth in enumerate(depths):
        inner, out = 64 * 2**stage, 256 * 2**stage
        for _ in range(depth):
            kernels += channels * inner + 9 * inner * inner + inner * out
            normed += channels + 2 * inner
            biases += out
            if channels != out:
                kernels += channels * out
                biases += out
            channels = out
    return kernels + 2048 * 1000 + 1000, normed + 2048, biases


@pytest.mark.parametrize(
    "name",
    [
        "resnet50-v2",
        pytest.param("resnet101-v2", marks=pytest.mark.slow),
        pytest.param("resnet152-v2", marks=pytest.mark.slow),
    ],
)
def test_parameters_are_the_published(name):
    model = resnet_v2.resnet_v2(name)
    kernels, normed, biases = by_hand(resnet_v2.DEPTHS[name])
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == kernels + biases + 2 * normed
    assert model.count_params() == kernels + biases + 4 * normed == KERAS[name]
    convs = [x for x in model.layers if isinstance(x, keras.layers.Conv2D)]
    number = len([x for x in convs if "_0_conv" not in x.name]) + 1
    assert f"resnet{number}-v2" == model.name == name


def test_the_step_is_in_each_stages_last_block():
    model = resnet_v2.resnet50_v2(num_classes=0)
    names = ("conv1_conv", "pool1", "conv2_block2_add", "conv2_block3_add", "conv3_block3_add",
             "conv3_block4_add", "conv4_block6_add", "conv5_block3_add", "post_act")  # fmt: skip
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (112, 112, 64),
        (56, 56, 64),
        (56, 56, 256),
        (28, 28, 256),
        (28, 28, 512),
        (14, 14, 512),
        (7, 7, 1024),
        (7, 7, 2048),
        (7, 7, 2048),
    ]
    assert model.output.shape == (None, 2048)


def test_the_keras_style_is_the_network_of_keras_applications(difference):
    shape = (45, 64, 3)
    theirs = keras.applications.ResNet50V2(
        weights=None, input_shape=shape, classes=7, classifier_activation=None
    )
    ours = resnet_v2.resnet50_v2(num_classes=7, input_shape=shape, classifier_activation=None)
    preprocess = keras.applications.resnet_v2.preprocess_input
    assert (
        difference(theirs, ours, of_keras.RESNET.layer, preprocess, ("post_relu", "post_act"))
        < 1e-5
    )
    assert ours.count_params() == theirs.count_params()


@pytest.fixture
def shallow(monkeypatch):
    """Two bottlenecks a stage: what does not depend on the depth is asked of this."""
    monkeypatch.setitem(resnet_v2.DEPTHS, "shallow", (2, 2, 2, 2))
    return partial(resnet_v2.resnet_v2, "shallow")


@pytest.mark.parametrize("style, biased", [("torch", False), ("paper", False), ("keras", True)])
def test_only_keras_has_biases_and_only_where_no_norm_follows(style, biased, shallow):
    model = shallow(style=style, num_classes=0, input_shape=(32, 32, 3))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            free = layer.name == "conv1_conv" or layer.name.endswith(("_0_conv", "_3_conv"))
            assert layer.use_bias == (biased and free), layer.name


def test_open_sides_other_channels_and_classes(shallow):
    model = shallow(num_classes=3, input_shape=(None, None, 1), pooling="max", dropout=0.5)
    for height, width in ((32, 32), (33, 47)):
        p = model(np.full((2, height, width, 1), 100, "uint8"), training=False)
        assert p.shape == (2, 3)
    assert model.get_layer("dropout").rate == 0.5


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"style": "karas"}, "no style 'karas'. Did you mean 'keras'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message, shallow):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        shallow(**config)
    assert caught.value.fix
