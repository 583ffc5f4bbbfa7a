"""Hostile `.keras` files, one for each class of weakness that Keras' loading has had.

Each is refused before Keras sees it, by a message of its own; where the weakness is still there
for who asks for it, the same file is shown to work with `trusted=True`.
"""

import base64
import os
import pickle
import sys

import keras
import numpy as np
import pytest

import dlkit
from dlkit.registry import errors


def refused(path):
    """The message with which a file is refused, without the path; Keras is never called."""
    loaded = []
    original = keras.saving.load_model
    keras.saving.load_model = lambda *args, **options: loaded.append(args)
    try:
        with pytest.raises(errors.UnsafeFile) as caught:
            dlkit.load_model(path)
    finally:
        keras.saving.load_model = original
    assert not loaded
    assert caught.value.fix
    return caught.value.message.replace(f"{path}: ", "")


def layer(module, name, /, **config):
    return {"module": module, "class_name": name, "config": {"name": "evil"} | config}


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def with_lambda(path, marker):
    """A model whose Lambda layer makes the marker when it is called."""
    text = str(marker)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x, name="evil")])
    model.layers[-1].function = lambda x: (open(text, "w").close(), x)[1]
    model.save(path)


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_cve_2024_3660_code_of_a_lambda_layer(tmp_path, marker):
    path = tmp_path / "lambda.keras"
    with_lambda(path, marker)
    marker.unlink(missing_ok=True)
    assert refused(path) == (
        "config.json, 'evil' (keras.layers.Lambda) is a Lambda layer, which holds Python code; "
        "it was not loaded."
    )
    assert not marker.exists()
    with pytest.raises(errors.UsageError, match="safe_mode=False would let") as caught:
        dlkit.load_model(path, safe_mode=False)
    assert not marker.exists()
    trusting = caught.value.fix.partition(": ")[2]
    assert trusting == f"dlkit.load_model({str(path)!r}, trusted=True)"
    dlkit.load_model(path, trusted=True)
    assert marker.exists()  # Keras calls the layer to build the model: the payload was live
    marker.unlink()


def test_cve_2024_3660_code_where_a_function_stands(rewrite, marker):
    code = {"class_name": "__lambda__", "config": {"code": "4wAA", "defaults": None}}

    def change(config):
        config["config"]["layers"][-1]["config"]["activation"] = code

    assert refused(rewrite(change)).startswith(
        "config.json, __lambda__ holds the compiled code of a Python function"
    )


@pytest.mark.parametrize("module", ["os", "posix", "subprocess", "dlkit.registry"])
def test_cve_2025_1550_a_function_of_any_module(with_layer, marker, module):
    evil = layer("keras.layers", "Dense", units=3, activation=function(module, "system"))
    assert refused(with_layer(evil)).startswith(
        f"config.json, {module}.system is nothing of Keras, of an installed plugin or of what"
    )


@pytest.mark.parametrize("place", ["compile_config", "build_config"])
def test_cve_2025_1550_beside_the_layers(rewrite, marker, place):
    def change(config):
        config[place] = {"loss": function("os", "system"), "input_shape": [None, 2]}

    assert "os.system is nothing of Keras" in refused(rewrite(change))


def test_cve_2025_1550_a_class_of_a_module_that_is_not_imported(with_layer, marker):
    path = with_layer(layer("antigravity", "Layer"))
    assert "'evil' (antigravity.Layer) is nothing of Keras" in refused(path)
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("name", ["exec", "eval", "__import__", "open"])
def test_cve_2025_1550_a_function_of_python_itself(with_layer, marker, name):
    evil = layer("keras.layers", "Dense", units=3, activation=function("builtins", name))
    assert f"builtins.{name} is a function of Python itself" in refused(with_layer(evil))


@pytest.mark.parametrize(
    "where", [("keras.utils", "get_file"), ("keras.src.utils.file_utils", "get_file")]
)
def test_cve_2025_8747_a_function_of_keras_that_fetches_files(with_layer, marker, where):
    evil = layer("keras.layers", "Dense", units=3, activation=function(*where))
    assert "get_file is of a part of Keras that no model is made of" in refused(with_layer(evil))


@pytest.mark.parametrize("name", ["load_model", "save_model", "model_from_json"])
def test_cve_2025_8747_a_function_of_keras_that_loads_files(with_layer, marker, name):
    evil = layer("keras.layers", "Dense", units=3, activation=function("keras.models", name))
    assert f"keras.models.{name} is a function that" in refused(with_layer(evil))


@pytest.mark.parametrize("class_name", ["function", "enable_unsafe_deserialization"])
def test_cve_2025_9906_switching_the_safe_mode_off(with_layer, marker, class_name):
    name = "enable_unsafe_deserialization"
    evil = function("keras.config", name) | {"class_name": class_name}
    message = refused(with_layer(evil))
    assert f"keras.config.{name} is of a part of Keras that no model is made of" in message


@pytest.mark.parametrize("name", ["old.h5", "old.hdf5", "old.H5", "disguised.keras"])
def test_cve_2025_9905_the_old_format_has_no_safe_mode(tmp_path, marker, name):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "x.h5")
    path = (tmp_path / "x.h5").rename(tmp_path / name)
    with pytest.raises(errors.UnsafeFile, match="in the old HDF5 format") as caught:
        dlkit.load_model(path)
    assert "keras.saving.load_model" in caught.value.fix


def test_cve_2025_9905_layers_in_the_old_format_within_the_new(with_layer, marker):
    evil = {"class_name": "Lambda", "config": {"name": "evil", "function": ["4wAA", None, None]}}
    assert refused(with_layer(evil)).startswith(
        "config.json, 'evil' (Lambda) is in a format of old, which has no safe mode"
    )


class Payload:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_cve_2025_49655_a_pickle_of_torch(with_layer, marker):
    text = base64.b64encode(pickle.dumps(Payload(marker))).decode()
    evil = layer("keras.layers", "TorchModuleWrapper", module=text)
    assert "is a TorchModuleWrapper, which holds a pickle" in refused(with_layer(evil))


@pytest.mark.parametrize("name", ["StringLookup", "TextVectorization"])
@pytest.mark.parametrize("reach", ["secret.txt", "/etc/passwd", "https://127.0.0.1/x"])
def test_cve_2025_12058_a_vocabulary_read_from_any_file(with_layer, marker, name, reach):
    evil = layer("keras.layers", name, vocabulary=reach)
    assert refused(with_layer(evil)).startswith(
        f"config.json, 'evil' (keras.layers.{name}) would read its vocabulary from the file "
        f"'{reach}'"
    )


def test_cve_2025_12058_is_there_for_who_trusts(tmp_path, rewrite):
    (tmp_path / "words.txt").write_text("secret\n")

    def change(config):
        config["config"]["layers"] = [
            layer("keras.layers", "InputLayer", batch_shape=[None], dtype="string", name="words"),
            layer("keras.layers", "StringLookup", vocabulary=str(tmp_path / "words.txt")),
        ]
        del config["config"]["build_input_shape"], config["build_config"], config["compile_config"]

    path = rewrite(change)
    assert "would read its vocabulary" in refused(path)
    assert "secret" in dlkit.load_model(path, trusted=True).layers[-1].get_vocabulary()


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "gs://bucket/x", "~/.ssh/id_rsa", "C:\\x", "\\\\host\\x", "/etc"]
)
def test_cve_2025_12058_any_argument_that_names_a_file_or_an_address(with_layer, marker, text):
    evil = layer("keras.layers", "Dense", units=3, kernel_initializer=text)
    assert "names a file or an address: kernel_initializer is" in refused(with_layer(evil))


def test_cve_2026_1462_a_saved_model_beside_the_file(with_layer, marker):
    evil = layer("keras.layers", "TFSMLayer", filepath="evil", call_endpoint="serve")
    assert "is a TFSMLayer, which runs a SavedModel" in refused(with_layer(evil))
    moved = layer("keras.src.export.tfsm_layer", "TFSMLayer", filepath="evil")
    assert "is a TFSMLayer" in refused(with_layer(moved))


@pytest.mark.parametrize("name", ["JaxLayer", "FlaxLayer"])
def test_wrapped_functions_of_other_frameworks(with_layer, marker, name):
    assert f"is a {name}, which wraps" in refused(with_layer(layer("keras.layers", name)))


def test_cve_2026_12479_a_name_that_leads_out_of_the_folder_of_assets(with_layer, marker):
    evil = layer("keras.layers", "Dense", units=3, name="../../evil")
    assert "name is '../../evil'" in refused(with_layer(evil))


def test_a_package_that_nobody_owns_is_not_imported(with_layer, marker):
    evil = layer("antigravity", "Layer") | {"registered_name": "antigravity>Layer"}
    with pytest.raises(errors.PluginNotInstalled, match="antigravity>Layer"):
        dlkit.load_model(with_layer(evil))
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("key", "value"),
    [("class_name", ["os"]), ("module", {"os": 1}), ("registered_name", ["x"]), ("class_name", "")],
)
def test_names_that_are_no_text(with_layer, marker, key, value):
    evil = layer("os", "system") | {key: value}
    assert "its names are not text" in refused(with_layer(evil))


def test_a_config_that_is_nested_without_end(rewrite, marker):
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(errors.ModelFileError, match="RecursionError"):
        dlkit.load_model(rewrite(members={"config.json": deep}))
    nested = '{"a": ' * 300 + "1" + "}" * 300
    assert "is nested deeper than 200 levels" in refused(rewrite(members={"config.json": nested}))


def test_a_config_that_fills_the_memory(rewrite, marker, monkeypatch):
    monkeypatch.setattr("dlkit.registry.saved._CONFIG_LIMIT", 1000)
    path = rewrite(members={"config.json": "[" + "0," * 600 + "0]"})
    assert refused(path).startswith("config.json has more than 1,000 bytes")


def test_what_keras_raises_of_a_nonsensical_config_is_told(with_layer):
    path = with_layer(layer("keras.layers", "Dense", units="many"))
    with pytest.raises(errors.ModelFileError, match="Keras cannot load it: ") as caught:
        dlkit.load_model(path)
    assert len(caught.value.message) < 1000


def test_the_honest_file_loads(honest):
    model = dlkit.load_model(honest)
    assert isinstance(model.optimizer, keras.optimizers.Adam)
    assert np.isfinite(model.predict(np.ones((1, 2)), verbose=0)).all()
    assert not dlkit.load_model(honest, compile=False).compiled
