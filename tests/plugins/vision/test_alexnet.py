"""AlexNet: counts by hand, values by torchvision and TensorFlow, what it refuses."""

import ast
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from dlkit_vision import alexnet
from dlkit_vision.layouts import of_torch

import dlkit
from tests.plugins.vision import torchvision_oracle

# kernel · inputs of a group · outputs + biases
PAPER = {
    "conv1_conv": 11 * 11 * 3 * 96 + 96,  # 34,944
    "conv2_conv": 5 * 5 * 48 * 256 + 256,  # 307,456
    "conv3_conv": 3 * 3 * 256 * 384 + 384,  # 885,120
    "conv4_conv": 3 * 3 * 192 * 384 + 384,  # 663,936
    "conv5_conv": 3 * 3 * 192 * 256 + 256,  # 442,624
    "fc6_dense": 6 * 6 * 256 * 4096 + 4096,  # 37,752,832
    "fc7_dense": 4096 * 4096 + 4096,  # 16,781,312
    "logits": 4096 * 1000 + 1000,  # 4,097,000
}
TORCH = {
    **PAPER,
    "conv1_conv": 11 * 11 * 3 * 64 + 64,
    "conv2_conv": 5 * 5 * 64 * 192 + 192,
    "conv3_conv": 3 * 3 * 192 * 384 + 384,
    "conv4_conv": 3 * 3 * 384 * 256 + 256,
    "conv5_conv": 3 * 3 * 256 * 256 + 256,
}
# What the paper counts as neurons: 55·55·96 + 27·27·256 + 13·13·(384 + 384 + 256) + …
NEURONS = 290400 + 186624 + 64896 + 64896 + 43264 + 4096 + 4096 + 1000


def small(**config):
    """Without its two large dense layers, on its least image."""
    least = 63 if config.get("variant") == "torch" else 67
    return alexnet.alexnet(
        **{"input_shape": (least, least, 3), "num_classes": 5, "pooling": "average", **config}
    )


@pytest.fixture(scope="module")
def paper():
    return alexnet.alexnet()


def test_parameters_are_the_papers(paper):
    counts = {layer.name: layer.count_params() for layer in paper.layers if layer.weights}
    assert counts == PAPER
    assert paper.count_params() == sum(PAPER.values()) == 60965224


def test_the_papers_neurons(paper):
    kinds = keras.layers.Conv2D | keras.layers.Dense
    layers = [layer for layer in paper.layers if isinstance(layer, kinds)]
    assert sum(np.prod(layer.output.shape[1:]) for layer in layers) == NEURONS == 659272


@pytest.mark.parametrize(
    "layer, shape",
    [
        ("conv1_norm", (55, 55, 96)),
        ("pool1", (27, 27, 96)),
        ("conv2_norm", (27, 27, 256)),
        ("pool2", (13, 13, 256)),
        ("conv3_act", (13, 13, 384)),
        ("conv4_act", (13, 13, 384)),
        ("conv5_act", (13, 13, 256)),
        ("pool5", (6, 6, 256)),
        ("fc7_act", (4096,)),
        ("predictions", (1000,)),
    ],
)
def test_the_papers_shapes(paper, layer, shape):
    assert paper.get_layer(layer).output.shape == (None, *shape)


def test_it_drops_half_before_each_of_the_last_two_layers(paper):
    dropped = [layer for layer in paper.layers if isinstance(layer, keras.layers.Dropout)]
    assert [(d.name, d.rate) for d in dropped] == [("fc7_dropout", 0.5), ("dropout", 0.5)]


@pytest.mark.parametrize("variant, k, alpha", [("paper", 2.0, 1e-4), ("caffe", 1.0, 1e-4 / 5)])
def test_norms_are_the_papers_or_caffes(variant, k, alpha):
    norm = small(variant=variant).get_layer("conv2_norm")
    assert (norm.n, norm.k, norm.beta) == (5, k, 0.75)
    assert norm.alpha == pytest.approx(alpha)


def by_tensorflow(model, image):
    """The convolutions as the two GPUs did them: each on its half of the channels."""

    def conv(x, name, groups, **config):
        kernel, bias = (tf.constant(w) for w in model.get_layer(f"{name}_conv").weights)
        halves = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
        y = tf.concat([tf.nn.conv2d(h, w, **config) for h, w in halves], -1)
        return tf.nn.relu(y + bias)

    def pool(x):
        return tf.nn.max_pool2d(x, 3, 2, "VALID")

    def norm(x):
        return tf.nn.local_response_normalization(x, 2, 2.0, 1e-4, 0.75)

    x = tf.cast(image, "float32") - (123.68, 116.779, 103.939)
    x = pool(norm(conv(x, "conv1", 1, strides=4, padding="VALID")))
    x = pool(norm(conv(x, "conv2", 2, strides=1, padding="SAME")))
    x = conv(x, "conv3", 1, strides=1, padding="SAME")
    x = conv(x, "conv4", 2, strides=1, padding="SAME")
    return pool(conv(x, "conv5", 2, strides=1, padding="SAME"))


def test_maps_equal_tensorflows_with_channels_split_in_two():
    keras.utils.set_random_seed(0)
    model = small(input_shape=(99, 120, 3))
    image = np.random.default_rng(0).integers(0, 256, (2, 99, 120, 3), dtype="uint8")
    ours = keras.Model(model.input, model.get_layer("pool5").output)(image)
    expected = by_tensorflow(model, image).numpy()
    assert np.abs(ours - expected).max() < 1e-5 * np.abs(expected).max()


def test_logits_equal_torchvisions():
    model = alexnet.alexnet(
        num_classes=torchvision_oracle.CLASSES,
        input_shape=(224, 224, 3),
        variant="torch",
        include_preprocessing=False,
        classifier_activation=None,
    )
    torchvision_oracle.load(model, of_torch.ALEXNET.layer)
    expected = np.array(torchvision_oracle.ANSWERS["alexnet"])
    y = model(torchvision_oracle.images("alexnet"), training=False)
    assert np.abs(y - expected).max() < 1e-5 * np.abs(expected).max()


def test_torchvisions_parameters():
    model = alexnet.alexnet(variant="torch")
    counts = {layer.name: layer.count_params() for layer in model.layers if layer.weights}
    assert counts == TORCH
    assert model.count_params() == 61100840
    assert model.name == "alexnet-torch"


def test_classes_channels_sizes_and_features():
    model = small(input_shape=(None, None, 1), pooling="max", num_classes=3)
    for shape in ((2, 67, 67, 1), (1, 90, 131, 1)):
        p = model(np.full(shape, 100, "uint8"), training=False)
        assert p.shape == (shape[0], 3)
        np.testing.assert_allclose(np.sum(p, axis=1), 1.0, atol=1e-6)
    assert small(num_classes=0).output.shape == (None, 256)
    assert small(num_classes=0, pooling=None).output.shape == (None, 4096)


@pytest.mark.parametrize("variant", ["paper", "torch"])
def test_one_step_moves_every_weight(variant):
    keras.utils.set_random_seed(0)
    model = small(variant=variant)
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    before = model.get_weights()
    images = np.random.default_rng(0).integers(0, 256, (8, *model.input_shape[1:]), dtype="uint8")
    model.fit(images, np.arange(8) % 5, verbose=0)
    moved = [np.abs(b - a).max() for a, b in zip(before, model.get_weights(), strict=True)]
    assert min(moved) > 1e-5


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (66, 67, 3)}, r"66×67 are too small.*minimum is 67×67"),
        ({"variant": "torch", "input_shape": (62, 63, 3)}, r"minimum is 63×63"),
        ({"variant": "cafe"}, "no variant 'cafe'. Did you mean 'caffe'"),
        ({"pooling": None, "input_shape": (None, None, 3)}, "is not the shape of images"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
        ({"num_classes": -1}, "num_classes=-1"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        small(**config)
    assert caught.value.fix


def test_the_models_body_fits_twenty_five_lines():
    (function,) = ast.parse(inspect.getsource(alexnet.alexnet)).body
    body = function.body[1:]  # without the docstring
    assert body[-1].end_lineno - body[0].lineno + 1 <= 25
