"""GoogLeNet: counts by hand, values by TensorFlow and torchvision, its heads, what it refuses."""

import ast
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from dlkit_vision import googlenet
from dlkit_vision.layouts import of_torch

import dlkit
from tests.plugins.vision import torchvision_oracle


def small(**config):
    return googlenet.googlenet(**{"input_shape": (79, 79, 3), "num_classes": 5, **config})


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def by_hand(large, after):
    """Kernels, and `after(channels)` for what every convolution has beside its kernel."""

    def conv(side, inputs, outputs):
        return side * side * inputs * outputs + after(outputs)

    count = conv(7, 3, 64) + conv(1, 64, 64) + conv(3, 64, 192)
    channels = 192
    for one, reduce3, three, reduce5, five, projection in googlenet.MODULES.values():
        count += conv(1, channels, one)
        count += conv(1, channels, reduce3) + conv(3, reduce3, three)
        count += conv(1, channels, reduce5) + conv(large, reduce5, five)
        count += conv(1, channels, projection)
        channels = one + three + five + projection
    return count + 1024 * 1000 + 1000


def heads_by_hand(after):
    """On the 512 channels of 4a and the 528 of 4d: 4×4×128 numbers, 1024 units, classes."""
    dense = 4 * 4 * 128 * 1024 + 1024 + 1024 * 1000 + 1000
    return sum(channels * 128 + after(128) + dense for channels in (512, 528))


@pytest.mark.parametrize(
    "variant, large, after, count, whole",
    [
        ("paper", 5, lambda n: n, 6998552, 13378280),  # a bias
        ("torch", 3, lambda n: 2 * n, 6624904, 13004888),  # a norm's gain and offset
    ],
)
def test_parameters_are_the_published(variant, large, after, count, whole):
    model = googlenet.googlenet(variant=variant)
    assert trainable(model) == by_hand(large, after) == count
    model = googlenet.googlenet(variant=variant, auxiliary=True)
    assert trainable(model) == count + heads_by_hand(after) == whole


def test_the_tables_shapes():
    model = googlenet.googlenet(num_classes=0)
    shapes = {
        "conv1_act": (112, 112, 64),
        "pool1_norm": (56, 56, 64),
        "conv2_norm": (56, 56, 192),
        "pool2": (28, 28, 192),
        "inception_3a": (28, 28, 256),
        "inception_3b": (28, 28, 480),
        "pool3": (14, 14, 480),
        "inception_4a": (14, 14, 512),
        "inception_4b": (14, 14, 512),
        "inception_4c": (14, 14, 512),
        "inception_4d": (14, 14, 528),
        "inception_4e": (14, 14, 832),
        "pool4": (7, 7, 832),
        "inception_5a": (7, 7, 832),
        "inception_5b": (7, 7, 1024),
    }
    assert {name: model.get_layer(name).output.shape[1:] for name in shapes} == shapes
    assert model.output.shape == (None, 1024)
    convs = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    deep = [
        c for c in convs if "reduce" in c or c.endswith(("3x3_conv", "conv1_conv", "conv2_conv"))
    ]
    assert len(deep) + 1 - sum("5x5" in c for c in deep) == 22  # layers on the way, with the dense


def by_tensorflow(model, x):
    """The table with Caffe's padding, on a side that halves without a rest."""

    def conv(x, name, padding="SAME", strides=1):
        kernel, bias = map(tf.constant, model.get_layer(f"{name}_conv").get_weights())
        return tf.nn.relu(tf.nn.conv2d(x, kernel, strides, padding) + bias)

    def pool(x):
        return tf.nn.max_pool2d(x, 3, 2, "SAME")

    def norm(x):
        return tf.nn.local_response_normalization(x, 2, 1.0, 1e-4 / 5, 0.75)

    x = x[..., ::-1] - (103.939, 116.779, 123.68)
    x = norm(pool(conv(x, "conv1", [[0, 0], [3, 3], [3, 3], [0, 0]], 2)))
    x = pool(norm(conv(conv(x, "conv2_reduce"), "conv2")))
    for place in googlenet.MODULES:
        if place in ("4a", "5a"):
            x = pool(x)
        name = f"inception_{place}"
        branches = [
            conv(x, f"{name}_1x1"),
            conv(conv(x, f"{name}_3x3_reduce"), f"{name}_3x3"),
            conv(conv(x, f"{name}_5x5_reduce"), f"{name}_5x5"),
            conv(tf.nn.max_pool2d(x, 3, 1, "SAME"), f"{name}_pool_project"),
        ]
        x = tf.concat(branches, -1)
    kernel, bias = map(tf.constant, model.get_layer("logits").get_weights())
    return tf.reduce_mean(x, (1, 2)) @ kernel + bias


def test_logits_equal_tensorflows():
    keras.utils.set_random_seed(0)
    model = small(input_shape=(64, 96, 3), classifier_activation=None)
    for layer in model.layers:
        if layer.weights:  # biases begin at zero
            layer.bias.assign(np.random.default_rng(0).normal(0, 0.1, layer.bias.shape))
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), dtype="uint8")
    expected = by_tensorflow(model, images.astype("float32")).numpy()
    y = model(images, training=False)
    assert np.abs(y - expected).max() < 1e-5 * np.abs(expected).max()


def test_logits_equal_torchvisions():
    model = small(
        num_classes=torchvision_oracle.CLASSES,
        input_shape=(*torchvision_oracle.ODD, 3),
        variant="torch",
        include_preprocessing=False,
        classifier_activation=None,
    )
    torchvision_oracle.load(model, of_torch.GOOGLENET.layer)
    expected = np.array(torchvision_oracle.ANSWERS["googlenet"])
    y = model(torchvision_oracle.images("googlenet"), training=False)
    assert np.abs(y - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.fixture(scope="module")
def headed():
    """A model with its heads, its losses as its docstring says, and what one step reports."""
    keras.utils.set_random_seed(0)
    model = small(auxiliary=True)
    losses = 3 * ["sparse_categorical_crossentropy"]
    model.compile("adam", losses, loss_weights=[1.0, 0.3, 0.3], run_eagerly=True)
    before = model.get_weights()
    images = np.random.default_rng(0).integers(0, 256, (8, 79, 79, 3), dtype="uint8")
    labels = np.arange(8) % 5
    history = model.fit(images, (labels, labels, labels), verbose=0).history
    return model, before, {name: values[-1] for name, values in history.items()}


def test_the_losses_of_auxiliary_heads_count_three_tenths(headed):
    model, _, logs = headed
    assert model.output_names == ["predictions", "auxiliary1", "auxiliary2"]
    assert [output.shape for output in model.outputs] == 3 * [(None, 5)]
    main, first, second = (logs[f"{name}_loss"] for name in model.output_names)
    assert logs["loss"] == pytest.approx(main + 0.3 * first + 0.3 * second, rel=1e-5)


def test_one_step_moves_every_weight(headed):
    model, before, _ = headed
    moved = [np.abs(b - a).max() for a, b in zip(before, model.get_weights(), strict=True)]
    assert min(moved) > 1e-5


def test_heads_are_left_behind_after_training(headed):
    model = headed[0]
    alone = keras.Model(model.input, model.get_layer("predictions").output)
    assert alone.count_params() == small().count_params()
    images = np.random.default_rng(1).integers(0, 256, (2, 79, 79, 3), dtype="uint8")
    np.testing.assert_array_equal(alone(images), model(images, training=False)[0])


def test_all_heads_bear_the_class_names(headed):
    model = headed[0]
    dlkit.set_class_names(model, list("abcde"))
    assert model.get_layer("auxiliary2").class_names == tuple("abcde")


def test_a_head_takes_its_module_and_drops_most_in_training():
    model = googlenet.googlenet(auxiliary=True)
    assert model.get_layer("auxiliary1_pool").input is model.get_layer("inception_4a").output
    assert model.get_layer("auxiliary2_pool").input is model.get_layer("inception_4d").output
    assert model.get_layer("auxiliary1_pool").output.shape == (None, 4, 4, 512)
    assert model.get_layer("auxiliary1_dropout").rate == 0.7
    assert model.get_layer("dropout").rate == 0.4


@pytest.mark.parametrize("variant", ["paper", "torch"])
def test_classes_channels_and_sizes(variant):
    model = small(variant=variant, input_shape=(None, None, 1), pooling="max", num_classes=3)
    for shape in ((2, 32, 32, 1), (1, 33, 70, 1)):
        p = model(np.full(shape, 100, "uint8"), training=False)
        assert p.shape == (shape[0], 3)
        np.testing.assert_allclose(np.sum(p, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"input_shape": (78, 79, 3), "auxiliary": True}, r"minimum is 79×79"),
        ({"input_shape": (None, None, 3), "auxiliary": True}, "is not the shape of images"),
        ({"num_classes": 0, "auxiliary": True}, "auxiliary heads tell classes apart"),
        ({"variant": "papre"}, "no variant 'papre'. Did you mean 'paper'"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        small(**config)
    assert caught.value.fix


def test_the_models_body_fits_forty_lines():
    (function,) = ast.parse(inspect.getsource(googlenet.googlenet)).body
    body = function.body[1:]  # without the docstring
    assert body[-1].end_lineno - body[0].lineno + 1 <= 40
