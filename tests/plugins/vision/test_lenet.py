"""LeNet-5: counts by hand, values by an independent convolution, what it refuses."""

import ast
import inspect

import keras
import numpy as np
import pytest
from dlkit_vision import lenet
from scipy.signal import correlate

import dlkit
from dlkit import blocks

LAYERS = [
    "image",
    "preprocessing",
    "c1",
    "s2",
    "c3",
    "s4",
    "flatten",
    "c5",
    "f6",
    "logits",
    "predictions",
]

# kernel · inputs · outputs + biases
COUNTS = {
    "c1": 5 * 5 * 1 * 6 + 6,  # 156
    "c3": 5 * 5 * 6 * 16 + 16,  # 2,416
    "c5": 5 * 5 * 16 * 120 + 120,  # 48,120
    "f6": 120 * 84 + 84,  # 10,164
    "logits": 84 * 10 + 10,  # 850
}


def pixels(n=4, height=32, width=32, channels=1):
    shape = (n, height, width, channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")


@pytest.mark.parametrize("build", [lenet.lenet5, lenet.lenet5_relu])
def test_parameters_by_hand(build):
    model = build()
    counts = {layer.name: layer.count_params() for layer in model.layers if layer.weights}
    assert counts == COUNTS
    assert model.count_params() == sum(COUNTS.values()) == 61706
    assert [layer.name for layer in model.layers] == LAYERS


@pytest.mark.parametrize(
    "layer, shape",
    [
        ("c1", (28, 28, 6)),
        ("s2", (14, 14, 6)),
        ("c3", (10, 10, 16)),
        ("s4", (5, 5, 16)),
        ("c5", (120,)),
        ("f6", (84,)),
        ("predictions", (10,)),
    ],
)
def test_the_papers_shapes(layer, shape):
    assert lenet.lenet5().get_layer(layer).output.shape == (None, *shape)


@pytest.mark.parametrize(
    "config, squash, reduce",
    [
        ({}, np.tanh, np.mean),
        ({"activation": "sigmoid"}, lambda z: 1 / (1 + np.exp(-z)), np.mean),
        ({"activation": "relu", "pooling": "max"}, lambda z: np.maximum(z, 0), np.max),
    ],
)
def test_outputs_equal_scipys_convolutions(config, squash, reduce):
    keras.utils.set_random_seed(0)
    model = lenet.lenet5(**config)
    weights = {name: [np.asarray(w, "float64") for w in model.get_layer(name).weights]
               for name in COUNTS}  # fmt: skip

    def conv(x, name):
        kernel, bias = weights[name]
        maps = [correlate(x, kernel[..., k], mode="valid")[..., 0] for k in range(len(bias))]
        return squash(np.stack(maps, axis=-1) + bias)

    def pool(x):
        height, width, channels = x.shape
        windows = x.reshape(height // 2, 2, width // 2, 2, channels)
        return reduce(windows, axis=(1, 3))

    def forward(image):
        x = 0.005 * image - 0.1  # the paper: background -0.1, ink 1.175
        x = pool(conv(pool(conv(x, "c1")), "c3")).ravel()
        for name in ("c5", "f6"):
            x = squash(x @ weights[name][0] + weights[name][1])
        z = np.exp(x @ weights["logits"][0] + weights["logits"][1])
        return z / z.sum()

    images = pixels()
    expected = np.stack([forward(image) for image in images.astype("float64")])
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, atol=1e-5)


def test_preprocessing_maps_paper_to_ink_as_the_paper_does():
    model = lenet.lenet5()
    first = keras.Model(model.input, model.get_layer("preprocessing").output)
    ends = first(np.array([0, 255], "uint8").reshape(2, 1, 1, 1) * np.ones((1, 32, 32, 1), "uint8"))
    np.testing.assert_allclose(ends[:, 0, 0, 0], [-0.1, 1.175], atol=1e-6)


def test_preprocessing_can_be_left_out():
    model, bare = lenet.lenet5(), lenet.lenet5(include_preprocessing=False)
    bare.set_weights(model.get_weights())
    assert "preprocessing" not in [layer.name for layer in bare.layers]
    images = pixels()
    ready = (images.astype("float32") - 20) / 200
    np.testing.assert_allclose(
        bare.predict(ready, verbose=0), model.predict(images, verbose=0), atol=1e-6
    )


@pytest.mark.parametrize("height, width, channels, classes", [(28, 28, 1, 10), (16, 40, 3, 2)])
def test_other_sizes_channels_and_classes(height, width, channels, classes):
    model = lenet.lenet5(num_classes=classes, input_shape=(height, width, channels))
    p = model.predict(pixels(3, height, width, channels), verbose=0)
    assert p.shape == (3, classes)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-6)


def test_no_classes_give_f6s_features_and_no_activation_gives_logits():
    assert lenet.lenet5(num_classes=0).output.shape == (None, 84)
    model, raw = lenet.lenet5(), lenet.lenet5(classifier_activation=None)
    raw.set_weights(model.get_weights())
    logits = raw.predict(pixels(), verbose=0)
    np.testing.assert_allclose(
        keras.ops.softmax(logits), model.predict(pixels(), verbose=0), atol=1e-6
    )


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_ends_in_float32(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = lenet.lenet5()
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("c3").compute_dtype == policy.removeprefix("mixed_")
    p = model.predict(pixels(), verbose=0)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("build", [lenet.lenet5, lenet.lenet5_relu])
def test_one_step_moves_every_weight(build):
    keras.utils.set_random_seed(0)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(pixels(16), np.arange(16) % 10, batch_size=16, verbose=0)
    moved = [np.abs(b - a).max() for a, b in zip(before, model.get_weights(), strict=True)]
    assert min(moved) > 1e-5


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (15, 32, 1)}, r"15×32 are too small.*The minimum is 16×16"),
        ({"input_shape": (32, 32)}, "is not the shape of images"),
        ({"input_shape": (None, None, 1)}, "is not the shape of images"),
        ({"activation": "sigmod"}, "no activation 'sigmod'. Did you mean 'sigmoid'"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
        ({"classifier_activation": "relu"}, "no activation 'relu'"),
        ({"num_classes": -2}, "num_classes=-2"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        lenet.lenet5(**config)
    assert caught.value.fix


def test_the_minimum_is_the_least_that_works():
    model = lenet.lenet5(input_shape=(lenet.SMALLEST, lenet.SMALLEST, 1))
    assert model.get_layer("s4").output.shape == (None, 1, 1, 16)
    with pytest.raises(blocks.BlockError):
        lenet.lenet5(input_shape=(lenet.SMALLEST - 1, lenet.SMALLEST - 1, 1))


def test_names_tell_the_forms_apart():
    names = [lenet.lenet5().name, lenet.lenet5(activation="sigmoid").name, lenet.lenet5_relu().name]
    assert names == ["lenet5", "lenet5-sigmoid", "lenet5-relu"]


def test_the_models_body_fits_fifteen_lines():
    (function,) = ast.parse(inspect.getsource(lenet.lenet5)).body
    body = function.body[1:]  # without the docstring
    assert body[-1].end_lineno - body[0].lineno + 1 <= 15
