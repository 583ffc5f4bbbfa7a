"""Every error arises for real, and the command that it suggests does what it says."""

import inspect
import os
import shlex
import subprocess
import sys

import pytest

import dlkit
from dlkit import registry
from dlkit.registry import errors, local

NET = """
api = {api}
[[removed]]
name = "net1"
since = "acme-nets 0.2"
use = "acme-nets/net"
[[model]]
name = "net"
build = "acme_nets:build"
summary = "a net"
task = "image-classification"
params = 3
variables = 3
license = "MIT"
{more}
"""
CODE = """
import keras
def build(*, units=1):
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, name="d")])
"""
WEIGHTS = """
[[model.weights]]
tag = "v1"
url = "{url}"
hash = "sha256:{digest}"
license = "MIT"
"""
SETUP = """
from setuptools import setup
setup(name="{name}", version="{version}", packages=[{packages}], package_data={{"": ["*.toml"]}},
      entry_points={{"dlkit.plugins": ["acme = acme_nets:dlkit.toml"]}} if {packages!r} else {{}})
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A folder of wheels: the repository's own, a plugin, a newer one, and what it requires."""
    folder = tmp_path_factory.mktemp("wheels")
    for name, version, manifest in [
        ("acme-nets", "1.0", NET.format(api=1, more="")),
        ("acme-extra", "2.0", ""),
    ]:
        source = tmp_path_factory.mktemp(name)
        package = "acme_nets" if manifest else ""
        if package:
            (source / package).mkdir()
            (source / package / "__init__.py").write_text(CODE)
            (source / package / "dlkit.toml").write_text(manifest)
        text = SETUP.format(name=name, version=version, packages=repr(package) if package else "")
        (source / "setup.py").write_text(text)
        pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder, source)
    core = tmp_path_factory.mktemp("core")
    (core / "setup.py").write_text(SETUP.format(name="dlkit-core", version="99", packages=""))
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder, core)
    return folder


def pip(*words):
    subprocess.run([sys.executable, "-m", "pip", *map(str, words)], check=True, capture_output=True)


def shell(command, **env):
    """Runs a suggested command; `dlkit` and `pip` are this environment's."""
    ours = "".join(
        f'{name}() {{ "{sys.executable}" -m {name} "$@"; }}\n' for name in ("dlkit", "pip")
    )
    return subprocess.run(
        ["bash", "-c", ours + command],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
    )


def command(error):
    """What stands behind the label."""
    return error.fix.partition(": ")[2]


def raised(cls, call, *args, **options):
    with pytest.raises(cls) as caught:
        call(*args, **options)
    assert type(caught.value) is cls
    return caught.value


@pytest.fixture
def acme(make_plugin):
    """Installs acme-nets with a manifest and a module of the test's choice."""

    def install(more="", code=CODE, api=1):
        return make_plugin("acme-nets", NET.format(api=api, more=more), {"__init__.py": code})

    return install


SHOWN = {  # error -> (what raises it, what the suggested command prints)
    "WrongType": (lambda: dlkit.create_model(3), "acme-nets/net"),
    "UnknownKind": (lambda: registry.find("modle", "x"), "digits"),
    "UnknownName": (lambda: dlkit.model_info("acme-nets/nett"), "acme-nets/net"),
    "RemovedName": (lambda: dlkit.model_info("acme-nets/net1"), "acme-nets/net"),
    "AmbiguousName": (lambda: dlkit.model_info("net"), "acme-nets/net"),
    "UnknownWeights": (lambda: dlkit.create_model("acme-nets/net@v2"), "acme-nets/net"),
    "UnknownOption": (lambda: dlkit.create_model("acme-nets/net", unit=2), "units=1"),
    "BuildFailed": (lambda: dlkit.create_model("acme-nets/net", units=-1), "units=1"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_commands_that_show(acme, name):
    acme()
    call, printed = SHOWN[name]
    error = raised(getattr(errors, name), call)
    done = shell(command(error))
    assert done.returncode == 0, done.stderr
    if name != "UnknownKind":
        assert printed in done.stdout


def test_plugin_not_installed(wheels, tmp_path):
    error = raised(errors.PluginNotInstalled, dlkit.model_info, "acme-nets/net")
    site = install(command(error), wheels, tmp_path)
    assert "acme-nets/net" in shell("dlkit models --json", PYTHONPATH=site).stdout


def test_missing_requirement(acme, wheels, tmp_path, monkeypatch):
    acme('requires = ["acme-extra>=2"]')
    error = raised(errors.MissingRequirement, dlkit.create_model, "acme-nets/net")
    site = install(command(error), wheels, tmp_path)
    monkeypatch.syspath_prepend(site)
    dlkit.refresh()
    assert dlkit.create_model("acme-nets/net").count_params() == 3


@pytest.mark.parametrize(("api", "upgraded"), [(2, "dlkit_core-99"), (0, "acme_nets-1.0")])
def test_plugin_incompatible(acme, wheels, tmp_path, api, upgraded):
    acme(api=api)
    error = raised(errors.PluginIncompatible, dlkit.model_info, "acme-nets/net")
    site = install(command(error), wheels, tmp_path)
    assert list(tmp_path.joinpath(site).glob(f"{upgraded}*.dist-info"))


def install(suggested, wheels, tmp_path):
    """Runs a suggested `pip install` on the wheels alone, into a folder of its own."""
    words = shlex.split(suggested)
    assert words[:2] == ["pip", "install"]
    site = tmp_path / "installed"
    pip(*words[1:], "--no-index", "--find-links", wheels, "--no-deps", "--target", site)
    return str(site)


def test_plugin_disabled(acme, monkeypatch):
    acme()
    monkeypatch.setenv("DLKIT_PLUGINS", "none")
    dlkit.refresh()
    error = raised(errors.PluginDisabled, dlkit.model_info, "acme-nets/net")
    assert shell("dlkit show acme-nets/net").returncode == 1
    assert shell(f"{command(error)}; dlkit show acme-nets/net").returncode == 0


@pytest.mark.parametrize("fault", ["manifest", "code"])
def test_plugin_broken(acme, fault):
    acme("x = 1") if fault == "manifest" else acme(code="raise RuntimeError('boom')")
    error = raised(errors.PluginBroken, dlkit.create_model, "acme-nets/net")
    done = shell(command(error))
    assert done.returncode == 1
    assert ("model[0].x" if fault == "manifest" else "RuntimeError: boom") in done.stdout


def test_weights_conflict(acme, tmp_path, monkeypatch):
    import hashlib

    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="d")])
    path = tmp_path / "n.weights.h5"
    model.save_weights(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    acme(WEIGHTS.format(url=path.as_uri(), digest=digest))
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "home"))
    error = raised(errors.WeightsConflict, dlkit.create_model, "acme-nets/net@v1", weights="v2")
    loaded = eval(command(error), {"create_model": dlkit.create_model})
    assert (loaded.get_weights()[0] == model.get_weights()[0]).all()


def test_manifest_error(make_plugin, tmp_path, monkeypatch):
    """An entry point that leads to no file: `plugin check` has none to read."""
    from dlkit.testing import static

    site = make_plugin("acme-nets", NET.format(api=1, more=""))
    points = next(site.glob("*.dist-info")) / "entry_points.txt"
    points.write_text("[dlkit.plugins]\nacme = acme_nets\n")
    dlkit.refresh()
    error = raised(errors.ManifestError, static.place, "acme-nets")
    done = shell(command(error))
    assert done.returncode == 1
    assert "expected 'package:dlkit.toml'" in done.stderr + done.stdout


def test_duplicate_name(monkeypatch):
    monkeypatch.setattr(local, "_specs", {})
    register = dlkit.register_model
    task = "image-classification"
    register("tiny", task=task)(lambda: 1)
    error = raised(errors.DuplicateName, register("tiny", task=task), lambda: 2)
    assert command(error) == "register_model(…, replace=True)"
    register("tiny", task=task, replace=True)(lambda: 2)
    assert dlkit.create_model("local/tiny") == 2


def test_model_file_error(acme, tmp_path, monkeypatch):
    acme()
    monkeypatch.chdir(tmp_path)
    error = raised(errors.ModelFileError, dlkit.load_model, "model.keras")
    exec(command(error), {"model": dlkit.create_model("acme-nets/net")})
    assert dlkit.load_model("model.keras").count_params() == 3


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_unsafe_file(tmp_path):
    import keras

    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: 2 * x)]).save(path)
    error = raised(errors.UnsafeFile, dlkit.load_model, path)
    assert error.fix.startswith("If you made it yourself, let it: ")
    assert len(eval(command(error)).layers) == 1


def test_commands_quote_what_a_shell_would_split():
    assert command(errors.ManifestError("my nets/dlkit.toml", "", "x")).endswith(
        " 'my nets/dlkit.toml'"
    )
    assert command(errors.PluginNotInstalled("x", "my nets")) == "pip install 'my nets'"


def test_an_error_within_a_file_keeps_its_kind_and_remedy():
    error = errors.within("r.yaml", errors.UnknownName("model", "tinny", "tiny", 3))
    assert type(error) is errors.UnknownName
    assert str(error).startswith("r.yaml: no model 'tinny'. Did you mean 'tiny'?\n  See all 3: ")


def test_a_long_value_is_cut():
    assert errors.shown("x" * 200) == "'" + "x" * 98 + "…"
    assert errors.shown(3) == "3"


def test_every_error_is_tested_here():
    named = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.DlkitError)
    }
    source = inspect.getsource(sys.modules[__name__])
    untested = {n for n in named if f"errors.{n}" not in source and n not in SHOWN}
    assert untested - {"UsageError"} == set()
