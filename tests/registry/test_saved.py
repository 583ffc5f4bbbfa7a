"""Saved models in a fresh process: their plugin is found and imported, nothing else is."""

import os
import subprocess
import sys
import zipfile

import pytest

import dlkit
from dlkit.registry import errors, saved, saved_config

TEXT = """
api = 1
[[model]]
name = "net"
build = "acme_nets.models:build"
summary = "a net"
task = "image-classification"
params = 2
variables = 2
license = "MIT"
"""
CODE = """
import keras

@keras.saving.register_keras_serializable(package="acme_nets")
class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x

def build():
    image = keras.Input((1,))
    return keras.Model(image, Twice(name="twice")(keras.layers.Dense(1, name="d")(image)))
"""
FRESH = """
import sys, dlkit
model = dlkit.load_model(sys.argv[1])
assert "acme_nets" in sys.modules
print(model.layers[-1].name)
"""


@pytest.fixture
def file(make_plugin, tmp_path):
    files = {"__init__.py": "from acme_nets import models", "models.py": CODE}
    make_plugin("acme-nets", TEXT, files)
    path = tmp_path / "net.keras"
    dlkit.create_model("acme-nets/net").save(path)
    return path


def fresh(path):
    return subprocess.run([sys.executable, "-c", FRESH, path], capture_output=True, text=True)


def test_one_call_in_a_fresh_process(file):
    done = fresh(file)
    assert done.stdout.strip() == "twice", done.stderr


def test_a_missing_plugin_is_named(file, monkeypatch):
    monkeypatch.delenv("PYTHONPATH")
    done = fresh(file)
    assert "acme_nets>Twice is in acme-nets, which is not installed" in done.stderr
    assert "pip install acme-nets" in done.stderr


def test_the_file_cannot_say_what_is_imported(tmp_path, file):
    """A class of another package, with a module path of the file's own choice."""
    hostile = tmp_path / "hostile.keras"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(hostile, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "config.json":
                text = text.replace(b'"acme_nets>Twice"', b'"antigravity>Twice"')
                text = text.replace(b'"acme_nets.models"', b'"antigravity"')
            new.writestr(name, text)
    with pytest.raises(errors.PluginNotInstalled, match="antigravity>Twice"):
        dlkit.load_model(hostile)
    assert "antigravity" not in sys.modules


def test_a_class_that_its_plugin_no_longer_has(tmp_path, file):
    renamed = tmp_path / "renamed.keras"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(renamed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"acme_nets>Twice", b"acme_nets>Thrice"))
    with pytest.raises(errors.PluginBroken, match="register no acme_nets>Thrice"):
        dlkit.load_model(renamed)


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "no such file"), (b"nonsense", "no .keras archive")]
)
def test_what_is_no_archive(tmp_path, content, problem):
    path = tmp_path / "x.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.ModelFileError, match=problem):
        dlkit.load_model(path)


def test_an_archive_without_a_config(tmp_path):
    path = tmp_path / "x.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
    with pytest.raises(errors.ModelFileError, match=r"config\.json"):
        dlkit.load_model(path)


def test_packages_of_a_file(file):
    assert saved.packages(str(file)) == {"acme_nets": ["acme_nets>Twice"]}


def test_strangers_are_found_everywhere_in_the_config():
    def named(name, **more):
        return {"module": "m", "class_name": "A", "config": {}, "registered_name": name, **more}

    config = {"a": [named("p>A"), {"b": named("q>B", config={"c": [named("r>C")]})}, named("p>A")]}
    found = saved_config.strangers({**config, "d": {"registered_name": "s>D"}})
    assert [(stranger.key, stranger.package) for stranger in found] == [
        ("p>A", "p"), ("q>B", "q"), ("r>C", "r"),
    ]  # fmt: skip


def test_an_owner_may_bring_what_others_registered(tmp_path, make_plugin, monkeypatch):
    """acme-nets imports a library that registers a class of its own and is no plugin."""
    library = tmp_path / "libs" / "acme_library.py"
    library.parent.mkdir()
    library.write_text(CODE.split("def build")[0].replace("acme_nets", "acme_library"))
    monkeypatch.syspath_prepend(library.parent)
    monkeypatch.setenv("PYTHONPATH", str(library.parent), prepend=os.pathsep)
    files = {
        "__init__.py": "from acme_nets import models",
        "models.py": "import acme_library\n" + CODE.replace(
            "Twice(name", "acme_library.Twice(name='foreign')(Twice(name"
        ).replace(')(image)))', ')(image))))'),
    }  # fmt: skip
    make_plugin("acme-nets", TEXT, files)
    path = tmp_path / "net.keras"
    dlkit.create_model("acme-nets/net").save(path)
    done = fresh(path)
    assert done.stdout.strip() == "foreign", done.stderr


@pytest.mark.parametrize("name", ["model.zip", "model", "model.KERAS"])
def test_another_ending(tmp_path, file, name):
    with pytest.raises(errors.ModelFileError, match=r"its name does not end in \.keras"):
        dlkit.load_model(file.rename(tmp_path / name))


def test_weights_alone(tmp_path):
    (tmp_path / "x.weights.h5").write_bytes(b"")
    with pytest.raises(errors.ModelFileError, match=r"no model, as for create_model\(NAME, wei"):
        dlkit.load_model(tmp_path / "x.weights.h5")


REFUSED = """
import sys, dlkit
from dlkit.registry import errors
try:
    dlkit.load_model(sys.argv[1])
except errors.UnsafeFile as error:
    print(error.message)
print("keras" in sys.modules, "acme_nets" in sys.modules)
"""


def test_a_hostile_file_costs_no_framework(tmp_path, file):
    """It is refused before Keras and the plugin are imported."""
    hostile = tmp_path / "hostile.keras"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(hostile, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'"keras.layers"', b'"keras.utils"'))
    done = subprocess.run([sys.executable, "-c", REFUSED, hostile], capture_output=True, text=True)
    assert "is of a part of Keras that no model is made of" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "False False"
