"""Weights by tag: the classes they bring, the head that stays fresh, and what a manifest lacks."""

import logging
import os
import re
import urllib.request

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import dlkit
from dlkit import registry
from dlkit.registry import errors
from dlkit.weights import WeightsError, published
from tests.weights import trial

NAME = "trial-nets/squeeze"
SMALL = {"input_shape": (64, 64, 3)}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "home"


@pytest.fixture
def squeeze(home, make_plugin, tmp_path):
    return trial.install(make_plugin, tmp_path)


def kernel(model, layer="fire9_squeeze_conv"):
    return np.asarray(model.get_layer(layer).kernel)


def published_kernel(name="features.12.squeeze.weight"):
    return trial.arrays()[name].transpose(2, 3, 1, 0)


def test_the_names_of_the_classes_come_along(squeeze, tmp_path):
    model = dlkit.create_model(f"{NAME}@drawn", **SMALL)
    np.testing.assert_array_equal(kernel(model), published_kernel())
    assert dlkit.class_names(model)[:2] == ("thing 0", "thing 1")
    model.save(tmp_path / "net.keras")
    assert len(dlkit.class_names(dlkit.load_model(tmp_path / "net.keras"))) == trial.CLASSES


def test_of_a_path_nobody_knows_the_classes(squeeze):
    model = dlkit.create_model(NAME, weights=squeeze, **SMALL)
    np.testing.assert_array_equal(kernel(model), published_kernel())
    assert dlkit.class_names(model) == ()


@pytest.mark.parametrize("weights", ["", None])
def test_a_tag_of_no_letters_is_none(squeeze, weights):
    name = NAME if weights == "" else f"{NAME}@"
    with pytest.raises(errors.UnknownWeights, match="no weights ''"):
        dlkit.create_model(name, weights=weights)


def test_files_of_other_formats_are_named_with_those_that_are_read(squeeze, tmp_path):
    (tmp_path / "net.h5").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"net\.h5: weights of trial-nets/squeeze are read from"):
        dlkit.create_model(NAME, weights=tmp_path / "net.h5")
    with pytest.raises(WeightsError, match=r"or \.safetensors or \.pth or \.pt files"):
        dlkit.create_model(NAME, weights=tmp_path / "net.h5")


def test_a_file_in_torchs_other_format_has_the_same_layout(squeeze, tmp_path):
    save_file(trial.arrays(), tmp_path / "net.safetensors")
    options = {**SMALL, "num_classes": trial.CLASSES}
    model = dlkit.create_model(NAME, weights=tmp_path / "net.safetensors", **options)
    np.testing.assert_array_equal(kernel(model), published_kernel())


def test_a_head_of_other_classes_is_refused_where_nobody_asked_for_it(squeeze, tmp_path):
    held = trial.arrays()
    held |= {name: held[name][:12] for name in held if name.startswith("classifier.")}
    save_file(held, tmp_path / "net.safetensors")
    with pytest.raises(WeightsError, match="tells 12 classes apart"):
        dlkit.create_model(NAME, weights=tmp_path / "net.safetensors", **SMALL)


def test_a_head_of_other_classes_begins_fresh_and_says_so(squeeze, caplog):
    with caplog.at_level(logging.WARNING, "dlkit.weights"):
        model = dlkit.create_model(NAME, weights="drawn", **SMALL, num_classes=12)
    np.testing.assert_array_equal(kernel(model), published_kernel())
    assert model.output_shape == (None, 12) and dlkit.class_names(model) == ()
    assert (
        "trial-nets/squeeze tells apart other classes than its weights do: conv10_conv/kernel and "
        "conv10_conv/bias begin fresh, and want training." in caplog.text
    )


def test_no_classes_leave_the_features(squeeze, caplog):
    features = dlkit.create_model(NAME, weights="drawn", **SMALL, num_classes=0)
    assert features.output_shape == (None, 512) and not caplog.records
    np.testing.assert_array_equal(kernel(features), published_kernel())
    whole = dlkit.create_model(NAME, weights="drawn", **SMALL)
    pooled = keras.ops.mean(whole.get_layer("fire9").output, axis=(1, 2))
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype="uint8")
    expected = keras.Model(whole.input, pooled)(image, training=False)
    np.testing.assert_allclose(features(image, training=False), expected, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 4])
def test_images_of_other_channels(squeeze, channels):
    options = {"input_shape": (64, 64, channels)}
    model = dlkit.create_model(NAME, weights="drawn", **options)
    whole = published_kernel("features.0.weight")
    found = kernel(model, "conv1_conv")
    if channels == 1:
        np.testing.assert_allclose(found[:, :, 0], whole.sum(axis=2), rtol=1e-6)
    else:
        np.testing.assert_allclose(found, whole[:, :, [0, 1, 2, 0]] * 0.75, rtol=1e-6)
    assert len(dlkit.class_names(model)) == trial.CLASSES


def test_without_preprocessing_the_weights_are_the_same(squeeze):
    options = SMALL
    whole = dlkit.create_model(NAME, weights="drawn", **options)
    bare = dlkit.create_model(NAME, weights="drawn", **options, include_preprocessing=False)
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype("float32")
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    ready = ((image / 255 - mean) / std).astype("float32")
    np.testing.assert_allclose(bare(ready), whole(image), rtol=1e-3, atol=1e-6)


def test_once_fetched_it_needs_no_network(squeeze, home, monkeypatch):
    options = SMALL
    dlkit.create_model(f"{NAME}@drawn", **options)
    assert [each.name for each in (home / "weights").iterdir() if each.suffix == ".pth"] == [
        "trial-nets-squeeze-drawn.pth"
    ]
    squeeze.unlink()
    monkeypatch.setattr(urllib.request, "urlopen", None)
    again = dlkit.create_model(f"{NAME}@drawn", **options)
    np.testing.assert_array_equal(kernel(again), published_kernel())


def test_without_the_file_and_a_network_it_says_where_to_put_it(home, make_plugin, tmp_path):
    trial.install(make_plugin, tmp_path, url=(tmp_path / "not-there.pth").as_uri())
    with pytest.raises(WeightsError, match=re.escape(f"{NAME}@drawn: ")) as caught:
        dlkit.create_model(f"{NAME}@drawn")
    place = os.fspath(home / "weights" / "trial-nets-squeeze-drawn.pth")
    assert f"To put it there by hand: save that file as {place}" in caught.value.message


def test_classes_may_stand_in_the_manifest_itself(home, make_plugin, tmp_path):
    names = [f"kind {i}" for i in range(trial.CLASSES)]
    trial.install(make_plugin, tmp_path, class_names=repr(names).replace("'", '"'))
    model = dlkit.create_model(f"{NAME}@drawn", **SMALL)
    assert dlkit.class_names(model) == tuple(names)


def test_a_list_of_classes_that_is_not_there(home, make_plugin, tmp_path):
    trial.install(make_plugin, tmp_path, class_names="trial_nets:NOTHING")
    with pytest.raises(registry.DlkitError, match="trial_nets:NOTHING"):
        dlkit.create_model(f"{NAME}@drawn", **SMALL)


@pytest.mark.parametrize(
    ("preprocessing", "missing"),
    [
        ("{}", "resize"),
        ('{ resize = 72, interpolation = "bilinear", antialias = true }', "crop"),
        (
            '{ resize = 72, crop = 64, interpolation = "lanczos", antialias = true }',
            "interpolation",
        ),
        ('{ resize = 72, crop = 64, interpolation = "bicubic", antialias = 1 }', "antialias"),
        ('{ resize = 60, crop = 64, interpolation = "bicubic", antialias = true }', "crop"),
        (trial.PREPROCESSING.replace("}", ", mean = 3 }"), "mean"),
    ],
)
def test_a_row_that_does_not_say_how_images_are_cut(
    home, make_plugin, tmp_path, preprocessing, missing
):
    trial.install(make_plugin, tmp_path, preprocessing=preprocessing)
    entry = dlkit.model_info(NAME)
    with pytest.raises(WeightsError, match=rf"how images are cut: see preprocessing\.{missing}\."):
        published.preprocessing(entry, entry.weights[0])
