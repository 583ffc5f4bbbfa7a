"""Weights from paths and tags, over file:// addresses."""

import hashlib

import keras
import numpy as np
import pytest

import dlkit
from dlkit.registry import errors
from dlkit.weights import WeightsError

TEXT = """
api = 1
[[model]]
name = "net"
build = "acme_nets:build"
summary = "s"
task = "image-classification"
params = 3
variables = 3
license = "MIT"
[[model.weights]]
tag = "v1"
url = "{url}"
hash = "{hash}"
license = "MIT"
"""
CODE = """
import keras
def build(*, units=1):
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, name="d")])
"""


@pytest.fixture
def published(tmp_path, make_plugin, monkeypatch):
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "home"))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="d")])
    path = tmp_path / "net.weights.h5"
    model.save_weights(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def install(form="sha256:{}", digits=64, digest=digest):
        text = TEXT.format(url=path.as_uri(), hash=form.format(digest[:digits]))
        make_plugin("acme-nets", text, {"__init__.py": CODE})

    return path, model, install


def test_a_path(published):
    path, model, install = published
    install()
    loaded = dlkit.create_model("acme-nets/net", weights=str(path))
    assert np.array_equal(loaded.get_weights()[0], model.get_weights()[0])


def test_weights_of_a_training_that_diverged(published):
    path, model, install = published
    install()
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    model.save_weights(path)
    with pytest.raises(WeightsError, match=r"net\.weights\.h5: .*d/kernel has values that are NaN"):
        dlkit.create_model("acme-nets/net", weights=path)


def test_the_weights_of_a_whole_model(published, tmp_path):
    _, model, install = published
    install()
    model.save(tmp_path / "net.keras")
    loaded = dlkit.create_model("acme-nets/net", weights=tmp_path / "net.keras")
    assert np.array_equal(loaded.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize(("form", "digits"), [("sha256:{}", 64), ("sha256-8:{}", 8)])
def test_a_tag(published, form, digits):
    _, model, install = published
    install(form, digits)
    for loaded in (
        dlkit.create_model("acme-nets/net@v1"),
        dlkit.create_model("acme-nets/net", weights="v1"),
    ):
        assert np.array_equal(loaded.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize(("form", "digits"), [("sha256:{}", 64), ("sha256-8:{}", 8)])
def test_another_file_than_was_published_is_refused(published, form, digits):
    _, _, install = published
    install(form, digits, digest="0" * 64)
    with pytest.raises(WeightsError, match="gives another file than was published") as caught:
        dlkit.create_model("acme-nets/net@v1")
    assert caught.value.message.startswith("acme-nets/net@v1: file://")
    assert "create_model('acme-nets/net', weights='FILE.weights.h5')" in caught.value.fix


def test_what_does_not_fit_or_is_not_there(published, tmp_path):
    path, _, install = published
    install()
    with pytest.raises(WeightsError, match=r"does not fit.*d.*Received: value.shape=\(2, 1\)\.\n"):
        dlkit.create_model("acme-nets/net", weights=str(path), units=3)
    with pytest.raises(WeightsError, match="no such file"):
        dlkit.create_model("acme-nets/net", weights=str(tmp_path / "x.weights.h5"))
    (tmp_path / "x.npz").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"read from \.weights\.h5 or \.keras files"):
        dlkit.create_model("acme-nets/net", weights=str(tmp_path / "x.npz"))
    with pytest.raises(errors.UnknownWeights, match="has no weights 'v9'"):
        dlkit.create_model("acme-nets/net", weights="v9")
