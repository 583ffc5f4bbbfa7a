"""The last layer of classifiers, and the class names that travel with it."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from dlkit import layers
from dlkit.registry.errors import DlkitError

LOGITS = np.array([[0.0, np.log(3.0)]], "float32")


def head(classes=3, activation="softmax", **config):
    image = keras.Input((4,), name="image")
    x = keras.layers.Dense(classes, name="logits")(image)
    return keras.Model(image, layers.ClassifierOutput(activation, name="predictions", **config)(x))


@pytest.mark.parametrize(
    "activation, expected",
    [
        ("softmax", [[0.25, 0.75]]),  # exp: 1, 3
        ("sigmoid", [[0.5, 0.75]]),  # 1/(1+1), 3/(3+1)
        (None, LOGITS),
    ],
)
def test_activations(activation, expected):
    np.testing.assert_allclose(layers.ClassifierOutput(activation)(LOGITS), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_gives_float32_that_sums_to_one_whatever_comes_in(dtype):
    logits = keras.ops.cast(np.random.default_rng(0).normal(size=(8, 100)) * 5, dtype)
    p = layers.ClassifierOutput(dtype="mixed_bfloat16")(logits)
    assert keras.backend.standardize_dtype(p.dtype) == "float32"
    np.testing.assert_allclose(np.sum(p, axis=-1), 1.0, atol=1e-6)


def test_an_unknown_activation_names_the_nearest():
    with pytest.raises(layers.ClassifierError, match=r"Did you mean 'softmax'\?") as caught:
        layers.ClassifierOutput("softmx")
    assert caught.value.fix == "Choose one: 'softmax', 'sigmoid', None"


def test_names_are_set_and_read():
    model = head()
    assert layers.class_names(model) == ()
    layers.set_class_names(model, ["a", "b", "c"])
    assert layers.class_names(model) == ("a", "b", "c")


def test_names_are_found_inside_a_model_inside_a_model():
    inner = head()
    outer = keras.Sequential([keras.Input((4,)), keras.layers.Rescaling(2.0), inner])
    layers.set_class_names(outer, ("a", "b", "c"))
    assert layers.class_names(inner) == layers.class_names(outer) == ("a", "b", "c")


def test_every_head_over_the_same_classes_is_named():
    image = keras.Input((4,))
    outputs = [layers.ClassifierOutput(name=n)(keras.layers.Dense(2)(image)) for n in ("o", "aux")]
    model = keras.Model(image, outputs)
    layers.set_class_names(model, ["x", "y"])
    assert [model.get_layer(name).class_names for name in ("o", "aux")] == [("x", "y")] * 2


def test_a_foreign_model_has_no_names_and_no_place_for_them():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="foreign")
    assert layers.class_names(model) == ()
    with pytest.raises(DlkitError, match="model 'foreign' has no ClassifierOutput") as caught:
        layers.set_class_names(model, ["a", "b"])
    assert "dlkit.blocks.classifier" in caught.value.fix


@pytest.mark.parametrize(
    "names, message",
    [
        (["a", "b"], "tells 3 classes apart, and 2 class names were given"),
        ([], "tells 3 classes apart, and 0 class names were given"),
        (["a", "b", "a"], "must differ, and 'a' stands more than once"),
        (["a", " ", "c"], "class 1 has the name ' '"),
        (["a", "b", 2], "class 2 has the name 2"),
        ("abc", "not the one string 'abc'"),
    ],
)
def test_names_that_do_not_fit_are_refused_and_change_nothing(names, message):
    model = head(class_names=["a", "b", "c"])
    with pytest.raises(layers.ClassifierError, match=message) as caught:
        layers.set_class_names(model, names)
    assert caught.value.fix
    assert layers.class_names(model) == ("a", "b", "c")


def test_names_given_at_building_are_counted_too():
    with pytest.raises(layers.ClassifierError, match="3 classes apart, and 2 class names"):
        head(class_names=["a", "b"])


def test_names_survive_cloning_and_saving(tmp_path):
    model = head()
    layers.set_class_names(model, ["naïve", "b", "c"])
    assert layers.class_names(keras.models.clone_model(model)) == ("naïve", "b", "c")
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    script = (
        "import sys, keras, numpy as np; from dlkit import layers\n"
        "model = keras.models.load_model(sys.argv[1] + '/model.keras')\n"
        "assert layers.class_names(model) == ('naïve', 'b', 'c'), layers.class_names(model)\n"
        "np.save(sys.argv[1] + '/y.npy', model(np.load(sys.argv[1] + '/x.npy')))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), model(x))


def test_names_can_be_replaced_after_loading(tmp_path):
    model = head(class_names=["a", "b", "c"])
    model.save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    layers.set_class_names(model, ["x", "y", "z"])
    model.save(tmp_path / "model.keras")
    assert layers.class_names(keras.models.load_model(tmp_path / "model.keras")) == tuple("xyz")
