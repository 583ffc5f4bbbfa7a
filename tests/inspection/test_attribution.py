"""Grad-CAM and saliency, against the closed forms of networks where gradients are known."""

import keras
import numpy as np
import pytest

import dlkit
from dlkit import inspection
from dlkit.inspection import InspectionError
from dlkit.layers import ClassifierOutput

L = keras.layers


def images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def net(activation="softmax", end=True, dtype=None, size=(12, 10)):
    """A convolution, its mean, and a dense layer: where Grad-CAM is CAM."""
    keras.utils.set_random_seed(1)
    image = keras.Input((*size, 3), name="image")
    x = L.Rescaling(1 / 255, dtype="float32")(image)
    x = L.Conv2D(5, 3, strides=2, activation="relu", name="maps", dtype=dtype)(x)
    x = L.GlobalAveragePooling2D(name="mean", dtype=dtype)(x)
    if end:
        x = L.Dense(4, name="logits", dtype=dtype)(x)
        return keras.Model(image, ClassifierOutput(activation, name="p")(x), name="net")
    return keras.Model(image, L.Dense(4, activation=activation, name="logits")(x), name="net")


def cam(model, x, classes):
    """The class activation map of Zhou et al. 2016, over its number of places."""
    maps = np.asarray(dlkit.features(model, "maps")(x))
    weights = np.asarray(model.get_layer("logits").kernel)[:, classes].T  # (batch, channels)
    return np.maximum((maps * weights[:, None, None]).sum(-1), 0) / (maps.shape[1] * maps.shape[2])


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", None])
@pytest.mark.parametrize("end", [True, False])
def test_behind_a_mean_it_is_the_class_activation_map(activation, end):
    model, x = net(activation, end), images(5, 12, 10, 3)
    classes = np.array([0, 3, 1, 2, 2])
    heat = dlkit.gradcam(model, x, classes, batch_size=2)
    assert heat.shape == (5, 5, 4) and heat.dtype == np.float32
    np.testing.assert_allclose(heat, cam(model, x, classes), rtol=1e-4, atol=1e-7)
    assert heat.max() > 0


def test_without_classes_it_is_the_one_that_the_model_names():
    model, x = net(), images(4, 12, 10, 3)
    said = np.asarray(model(x)).argmax(-1)
    np.testing.assert_array_equal(dlkit.gradcam(model, x), dlkit.gradcam(model, x, said))
    np.testing.assert_array_equal(dlkit.gradcam(model, x, 2), dlkit.gradcam(model, x, [2] * 4))


def test_in_half_precision():
    model, x = net(dtype="mixed_bfloat16"), images(2, 12, 10, 3)
    heat = dlkit.gradcam(model, x, [0, 1])
    assert heat.dtype == np.float32 and np.isfinite(heat).all()


def test_any_level_of_a_frozen_network():
    keras.utils.set_random_seed(0)
    model = dlkit.create_model("resnet20", num_classes=3, input_shape=(16, 16, 3))
    model.trainable = False
    x = images(2, 16, 16, 3)
    shapes = {level: dlkit.gradcam(model, x, 1, level).shape for level in (None, "C0", "conv1_act")}
    assert shapes == {None: (2, 4, 4), "C0": (2, 16, 16), "conv1_act": (2, 16, 16)}
    before = [weights.copy() for weights in model.get_weights()]
    dlkit.gradcam(model, x)
    for then, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(then, now)  # statistics included


def test_it_finds_the_object():
    """One bright square or cross in noise: the heat's peak lies on it."""
    random = np.random.default_rng(0)
    x = random.integers(0, 60, (256, 24, 24, 1)).astype("uint8")
    labels, places = random.integers(0, 2, 256), random.integers(2, 15, (256, 2))
    for image, label, (top, left) in zip(x, labels, places, strict=True):
        shape = np.zeros((7, 7), bool)
        shape[3], shape[:, 3] = True, True
        if label:
            shape = np.pad(np.zeros((5, 5), bool), 1, constant_values=True)
        image[top : top + 7, left : left + 7, 0][shape] = 250
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((24, 24, 1)),
            L.Rescaling(1 / 255),
            L.Conv2D(8, 3, activation="relu", padding="same"),
            L.Conv2D(16, 5, strides=2, activation="relu", padding="same", name="last"),
            L.GlobalMaxPooling2D(),
            L.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x, labels, epochs=12, verbose=0)
    assert np.mean(model.predict(x, verbose=0).argmax(-1) == labels) > 0.95
    heat = dlkit.gradcam(model, x, labels)
    peaks = np.array([np.unravel_index(h.argmax(), h.shape) for h in heat]) * 2 + 0.5
    inside = (np.abs(peaks - (places + 3)) <= 4.5).all(axis=1)
    assert inside.mean() > 0.7  # by chance (9 / 24)² = 0.14


def test_saliency_of_a_linear_network_is_its_weights():
    image = keras.Input((3, 4, 2))
    x = L.Flatten()(L.Rescaling(2.0)(image))
    model = keras.Model(image, ClassifierOutput(name="p")(L.Dense(5, name="logits")(x)))
    found = inspection.saliency(model, images(6, 3, 4, 2), [0, 1, 2, 3, 4, 0], batch_size=4)
    weights = np.asarray(model.get_layer("logits").kernel).reshape(3, 4, 2, 5)
    expected = 2 * np.abs(weights).max(axis=2)[..., [0, 1, 2, 3, 4, 0]]
    np.testing.assert_allclose(found, np.moveaxis(expected, -1, 0), rtol=1e-5)


def test_saliency_is_the_slope_of_the_score():
    model, x = net(size=(6, 6)), images(1, 6, 6, 3).astype("float32")
    logits = keras.Model(model.input, model.get_layer("logits").output)
    slopes = np.zeros((6, 6, 3))
    for place in np.ndindex(6, 6, 3):
        step = np.zeros((1, 6, 6, 3), "float32")
        step[0][place] = 0.5
        slopes[place] = (logits(x + step) - logits(x - step))[0, 2]
    found = inspection.saliency(model, x, 2)[0]
    np.testing.assert_allclose(found, np.abs(slopes).max(-1), rtol=0.02, atol=1e-5)


@pytest.mark.parametrize(
    ("ask", "message", "fix"),
    [
        (lambda m, x: dlkit.gradcam(m, x, 4), "net tells 4 classes apart, and 4 is none", "0 to 3"),
        (lambda m, x: dlkit.gradcam(m, x, [-1, 0]), "-1 is none of them", "0 to 3"),
        (lambda m, x: dlkit.gradcam(m, x, [0, 1, 2]), "3 classes were given", "one an image"),
        (lambda m, x: dlkit.gradcam(m, x, level="mean"), "'mean' gives (5,), and no map", "'maps'"),
        (lambda m, x: dlkit.gradcam(m, x, level="mpas"), "Did you mean 'maps'?", "levels"),
        (lambda m, x: dlkit.gradcam(m, x[0]), "net takes (batch, 12, 10, 3), and the", "[None]"),
        (lambda m, x: inspection.saliency(m, x[:0]), "was given no images", "one or more"),
        (lambda m, x: inspection.saliency(m, x[:, :5]), "images are (2, 5, 10, 3)", "Resize"),
        (lambda m, x: dlkit.gradcam(m, x, "cat"), "classes='cat' are no class numbers", "0 to 3"),
        (lambda m, x: dlkit.gradcam(m, x, 1.5), "classes=1.5 are no class numbers", "0 to 3"),
        (lambda m, x: dlkit.gradcam(m, x, True), "classes=True are no class numbers", "0 to 3"),
        (lambda m, x: dlkit.gradcam(m, x, batch_size=0), "batch_size=0 is no number", "whole"),
        (lambda m, x: inspection.saliency(m, x, 9), "and 9 is none of them", "0 to 3"),
    ],
)
def test_what_cannot_be(ask, message, fix):
    with pytest.raises(InspectionError) as caught:
        ask(net(), images(2, 12, 10, 3))
    assert message in caught.value.message
    assert fix in caught.value.fix or fix == "levels"


def test_scores_that_are_no_vector_and_maps_off_the_way():
    image = keras.Input((8, 8, 1))
    side = L.Conv2D(2, 3, name="side")(image)
    out = L.Dense(2, name="logits")(L.Flatten()(image))
    model = keras.Model(image, [ClassifierOutput(name="p")(out), side], name="two")
    with pytest.raises(InspectionError, match="its scores do not depend on what 'side' gives"):
        dlkit.gradcam(model, images(1, 8, 8, 1), 0, "side")
    maps = keras.Model(image, side, name="maps")
    with pytest.raises(InspectionError, match=r"maps gives \(6, 6, 2\) an image"):
        inspection.saliency(maps, images(1, 8, 8, 1))
