"""VGG: counts by hand, values by keras.applications and torchvision, what it refuses."""

import ast
import inspect

import keras
import numpy as np
import pytest
from dlkit_vision import vgg
from dlkit_vision.layouts import of_keras, of_torch

import dlkit
from dlkit import blocks
from tests.plugins.vision import torchvision_oracle

PUBLISHED = {"vgg11": 132863336, "vgg13": 133047848, "vgg16": 138357544, "vgg19": 143667240}
DENSE = 7 * 7 * 512 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000  # 123,642,856


def by_hand(depths):
    """Kernels and biases of the 3×3 convolutions, and how many channels they have together."""
    count, channels, inputs = 0, 0, 3
    for filters, depth in zip((64, 128, 256, 512, 512), depths, strict=True):
        for _ in range(depth):
            count += 3 * 3 * inputs * filters + filters
            channels += filters
            inputs = filters
    return count, channels


def small(name, **config):
    return vgg.vgg(
        name, **{"input_shape": (32, 32, 3), "num_classes": 5, "pooling": "average", **config}
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published(name):
    convolutions, channels = by_hand(vgg.DEPTHS[name])
    assert convolutions + DENSE == PUBLISHED[name]
    plain, normed = (small(n, num_classes=0) for n in (name, f"{name}-bn"))
    assert plain.count_params() == convolutions
    # vgg16: 4,224 channels, each with a gain and an offset, and a mean and a variance.
    assert normed.count_params() == convolutions + 4 * channels
    layers = [layer for layer in plain.layers if layer.weights]
    assert len(layers) + 3 == int(name.removeprefix("vgg"))
    assert (plain.name, normed.name) == (name, f"{name}-bn")


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_the_whole_networks(name):
    assert vgg.vgg(name).count_params() == PUBLISHED[name]


def test_the_stages_shapes_and_the_whole_networks_count():
    model = vgg.vgg16()
    assert model.count_params() == PUBLISHED["vgg16"]
    names = ("conv1_2_act", "conv2_2_act", "conv3_3_act", "conv4_3_act", "conv5_3_act", "pool5")
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (224, 224, 64),
        (112, 112, 128),
        (56, 56, 256),
        (28, 28, 512),
        (14, 14, 512),
        (7, 7, 512),
    ]
    assert model.get_layer("fc6_flatten").output.shape == (None, 25088)
    assert model.get_layer("fc7_act").output.shape == (None, 4096)
    assert [model.get_layer(d).rate for d in ("fc7_dropout", "dropout")] == [0.5, 0.5]


def test_outputs_equal_those_of_keras_applications(difference):
    shape = (64, 96, 3)
    theirs = keras.applications.VGG16(
        weights=None, input_shape=shape, classes=7, classifier_activation=None
    )
    ours = vgg.vgg16(num_classes=7, input_shape=shape, classifier_activation=None, style="keras")
    preprocess = keras.applications.vgg16.preprocess_input
    assert (
        difference(theirs, ours, of_keras.VGG.layer, preprocess, ("block5_conv3", "conv5_3_act"))
        < 1e-5
    )


@pytest.mark.slow
def test_nineteen_layers_equal_those_of_keras_applications(difference):
    shape = (64, 45, 3)
    theirs = keras.applications.VGG19(weights=None, include_top=False, input_shape=shape)
    theirs = keras.Model(theirs.input, keras.layers.GlobalMaxPooling2D()(theirs.output))
    ours = small("vgg19", num_classes=0, input_shape=shape, style="keras", pooling="max")
    preprocess = keras.applications.vgg19.preprocess_input
    assert (
        difference(theirs, ours, of_keras.VGG.layer, preprocess, ("block5_conv4", "conv5_4_act"))
        < 1e-5
    )


def test_weights_stand_in_the_order_of_the_published_file():
    theirs = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    ours = small("vgg16", num_classes=0)
    names = [of_keras.VGG.layer(layer.name) for layer in ours.layers if layer.weights]
    assert names == [layer.name for layer in theirs.layers if layer.weights]


def test_normed_maps_equal_torchvisions():
    height, width = torchvision_oracle.SIDES["vgg11_bn"]
    ours = small(
        "vgg11-bn", num_classes=0, input_shape=(height, width, 3), include_preprocessing=False
    )
    torchvision_oracle.load(ours, of_torch.VGG11_BN.layer)
    expected = np.array(torchvision_oracle.ANSWERS["vgg11_bn"])
    y = ours(torchvision_oracle.images("vgg11_bn"), training=False)[:, : expected.shape[1]]
    assert np.abs(y - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("style", blocks.STYLES)
def test_every_convolution_has_a_bias_in_every_style(style):
    model = small("vgg11", style=style)
    assert all(x.use_bias for x in model.layers if isinstance(x, keras.layers.Conv2D))
    assert ("reverse_channels" in [x.name for x in model.layers]) == (style == "keras")


def test_classes_channels_sizes_and_features():
    model = small("vgg11", input_shape=(None, None, 1), pooling="max", num_classes=3)
    for shape in ((2, 32, 32, 1), (1, 33, 70, 1)):
        p = model(np.full(shape, 100, "uint8"), training=False)
        assert p.shape == (shape[0], 3)
        np.testing.assert_allclose(np.sum(p, axis=1), 1.0, atol=1e-6)
    assert small("vgg11", num_classes=0).output.shape == (None, 512)
    assert small("vgg11", num_classes=0, pooling=None).output.shape == (None, 4096)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"style": "kears"}, "no style 'kears'. Did you mean 'keras'"),
        ({"pooling": None, "input_shape": (None, None, 3)}, "is not the shape of images"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        small("vgg11", **config)
    assert caught.value.fix


def test_the_models_body_fits_twenty_lines():
    (function,) = ast.parse(inspect.getsource(vgg.vgg)).body
    body = function.body[1:]  # without the docstring
    assert body[-1].end_lineno - body[0].lineno + 1 <= 20
