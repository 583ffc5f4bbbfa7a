"""What leaves dlkit is what the model computes."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import dlkit
from dlkit.registry.errors import UsageError
from dlkit.train import extras, formats
from dlkit.train.export import ExportError, export
from dlkit.train.formats import FORMATS

EVERY = [
    pytest.param(name, marks=pytest.mark.skipif(
        not all(extras.discovery.find_module(module) for module in row.modules),
        reason=f"needs {row.extra}",
    ))
    for name, row in FORMATS.items()
]  # fmt: skip


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 8, 8, 1), dtype=np.uint8)


@pytest.fixture
def model():
    keras.utils.set_random_seed(1)
    return dlkit.create_model("local/tiny")


@pytest.mark.parametrize("name", EVERY)
def test_every_format_computes_the_same_for_any_number_of_images(tmp_path, model, images, name):
    path = tmp_path / "new" / FORMATS[name].file
    done = export(model, path, name, images)
    assert done.path == path and done.difference < 1e-6 and done.checked == 7
    run = FORMATS[name].load(path)
    wanted = model.predict(images, verbose=0)
    for size in (1, 5, 7):
        (found,) = run(images[:size].astype(np.float32))
        np.testing.assert_allclose(found, wanted[:size], atol=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_mixed_precision_leaves_as_float32_but_in_keras_own_format(tmp_path, images, name):
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = dlkit.create_model("local/tiny")
    finally:
        keras.config.set_dtype_policy("float32")
    path = tmp_path / FORMATS[name].file
    done = export(model, path, name, images)
    assert done.difference < 1e-4
    assert (done.rounding > 1e-6) == (name != "keras")
    if name == "keras":
        assert dlkit.load_model(path).get_layer("hidden").compute_dtype == "bfloat16"


class Plain(keras.Model):
    """A model written as a class, which does not tell how it is made."""

    def __init__(self, units=10):
        super().__init__()
        self.flatten, self.logits = keras.layers.Flatten(), keras.layers.Dense(units)

    def call(self, x):
        return self.logits(self.flatten(x / 255))


@keras.saving.register_keras_serializable(package="test")
class Telling(Plain):
    def __init__(self, units=10, **options):
        keras.Model.__init__(self, **options)
        self.units = units
        self.flatten, self.logits = keras.layers.Flatten(), keras.layers.Dense(units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="test")
class Forgetful(Telling):
    """Its config leaves out what it computes by."""

    def __init__(self, units=10, scale=1.0, **options):
        super().__init__(units, **options)
        self.scale = scale

    def call(self, x):
        return self.scale * super().call(x)


class Silent(Plain):
    def get_config(self):
        raise NotImplementedError


def called(made, images, policy="float32"):
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(policy)
    try:
        model = made()
        model(images.astype(np.float32))
    finally:
        keras.config.set_dtype_policy("float32")
    return model


@pytest.mark.parametrize("name", EVERY)
def test_a_class_that_tells_how_it_is_made(tmp_path, images, name):
    model = called(lambda: Telling(5), images)
    done = export(model, tmp_path / FORMATS[name].file, name, images)
    assert done.difference < 1e-5 and done.rounding == 0
    (found,) = FORMATS[name].load(tmp_path / FORMATS[name].file)(images.astype(np.float32))
    np.testing.assert_allclose(found, model.predict(images, verbose=0), atol=1e-5)


@pytest.mark.parametrize("made", [Plain, Silent])
def test_a_class_that_does_not_leaves_as_it_is_or_is_refused(tmp_path, images, made):
    assert export(called(made, images), tmp_path / "net", "saved-model", images).difference < 1e-5
    with pytest.raises(ExportError, match=r"no copy of .* can be made") as caught:
        export(called(made, images), tmp_path / "a.keras", "keras", images)
    assert f"Give {made.__name__} a get_config" in caught.value.fix
    with pytest.raises(ExportError, match="computes in float32: it stays in bfloat16"):
        export(called(made, images, "mixed_bfloat16"), tmp_path / "b", "saved-model", images)
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_a_class_of_mixed_precision_leaves_as_float32(tmp_path, images):
    model = called(Telling, images, "mixed_bfloat16")
    done = export(model, tmp_path / "net", "saved-model", images)
    assert done.difference < 1e-5 and done.rounding > 1e-6


@pytest.mark.parametrize("name", ["keras", "saved-model"])
def test_a_copy_that_is_not_the_model_is_refused(tmp_path, images, name):
    model = called(lambda: Forgetful(scale=3.0), images)
    with pytest.raises(ExportError, match="a copy of the model is not the model") as caught:
        export(model, tmp_path / FORMATS[name].file, name, images)
    assert "get_config" in caught.value.fix and not list(tmp_path.iterdir())


def test_a_copy_whose_weights_do_not_fit_is_refused(tmp_path, images):
    model = called(lambda: Telling(5), images)
    model.units = 4
    with pytest.raises(ExportError, match=r"no copy of .* can be made"):
        export(model, tmp_path / "net", "saved-model", images)


def test_an_export_has_no_optimizer(tmp_path, model, images):
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images, np.zeros(7), verbose=0)
    export(model, tmp_path / "a.keras", "keras", images)
    model.save(tmp_path / "b.keras")
    assert not dlkit.load_model(tmp_path / "a.keras").compiled
    assert (tmp_path / "a.keras").stat().st_size < 0.8 * (tmp_path / "b.keras").stat().st_size


def test_class_names_stay(tmp_path, model, images):
    dlkit.set_class_names(model, list("abcdefghij"))
    export(model, tmp_path / "a.keras", "keras", images)
    assert dlkit.class_names(dlkit.load_model(tmp_path / "a.keras")) == tuple("abcdefghij")


def test_a_saved_model_serves_in_a_process_without_dlkit(tmp_path, model, images):
    path = tmp_path / "net"
    export(model, path, "saved-model", images)
    np.save(tmp_path / "images.npy", images.astype(np.float32))
    code = """
import sys, numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
np.save(sys.argv[3], model.serve(tf.constant(np.load(sys.argv[2]))).numpy())
assert "dlkit" not in sys.modules
"""
    words = [str(path), str(tmp_path / "images.npy"), str(tmp_path / "found.npy")]
    subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
    found = np.load(tmp_path / "found.npy")
    np.testing.assert_allclose(found, model.predict(images, verbose=0), atol=1e-6)


@keras.saving.register_keras_serializable(package="test")
class Noisy(keras.layers.Layer):
    """Gives another answer each time: no export of it can be held against it."""

    def call(self, x):
        return x + keras.random.uniform(keras.ops.shape(x), 0.01, 0.02)


def noisy():
    image = keras.Input((8, 8, 1))
    return keras.Model(image, Noisy()(keras.layers.Flatten()(image)))


@pytest.mark.parametrize("name", ["keras", "saved-model"])
def test_what_differs_is_refused_and_what_was_there_stays(tmp_path, model, images, name):
    path = tmp_path / FORMATS[name].file
    export(model, path, name, images)
    before = sorted((p, p.stat().st_size) for p in tmp_path.rglob("*"))
    with pytest.raises(ExportError, match=r"an output differs by 0\.0"):
        export(noisy(), path, name, images)
    assert sorted((p, p.stat().st_size) for p in tmp_path.rglob("*")) == before


def test_nan_is_no_agreement(tmp_path, model, images):
    model.get_layer("hidden").kernel.assign(np.full((64, 16), np.nan))
    with pytest.raises(ExportError, match="differs by nan"):
        export(model, tmp_path / "a.keras", "keras", images)
    assert not list(tmp_path.iterdir())


def test_what_a_format_cannot_say_is_told(tmp_path, images):
    @keras.saving.register_keras_serializable(package="test")
    class Decomposed(keras.layers.Layer):
        def call(self, x):
            return keras.ops.svd(x[..., 0], compute_uv=False)

    image = keras.Input((8, 8, 1))
    with pytest.raises(ExportError, match="cannot be exported to litert") as caught:
        export(keras.Model(image, Decomposed()(image)), tmp_path / "a.tflite", "litert", images)
    assert "Svd" in str(caught.value) and len(str(caught.value)) < 500
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("outputs", ["list", "dict"])
@pytest.mark.parametrize("name", EVERY)
def test_several_outputs(tmp_path, images, name, outputs):
    image = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(image)
    heads = [keras.layers.Dense(size, name=f"head{size}")(x / 255) for size in range(1, 12)]
    if outputs == "dict":
        heads = {f"z{index % 3}_{index}": head for index, head in enumerate(heads)}
    done = export(keras.Model(image, heads), tmp_path / FORMATS[name].file, name, images)
    assert done.difference < 1e-5


def test_a_folder_with_other_things_is_not_replaced(tmp_path, model, images):
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(ExportError, match="holds other things") as caught:
        export(model, tmp_path, "saved-model", images)
    assert str(tmp_path / "saved-model") in caught.value.fix
    with pytest.raises(ExportError, match="is a folder"):
        export(model, tmp_path, "keras", images)
    with pytest.raises(ExportError, match="is a file"):
        export(model, tmp_path / "thesis.txt", "saved-model", images)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_unknown_format(tmp_path, model, images):
    with pytest.raises(UsageError, match="Did you mean 'onnx'"):
        export(model, tmp_path / "a", "onyx", images)


def test_a_missing_package_is_named_with_its_command(tmp_path, model, images, monkeypatch):
    monkeypatch.setattr(extras.discovery, "find_module", lambda name: None)
    with pytest.raises(extras.MissingExtra, match="tf2onnx and onnxruntime are not") as caught:
        export(model, tmp_path / "a.onnx", "onnx", images)
    assert caught.value.fix == 'Install it: pip install "dlkit-core[onnx]"'


def test_the_interpreter_inside_tensorflow_serves_too(tmp_path, model, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert formats._interpreter().__module__.startswith("tensorflow")
    assert export(model, tmp_path / "a.tflite", "litert", images).difference < 1e-6
