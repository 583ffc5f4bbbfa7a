"""A new plugin from its first file to a trained model, in an environment of its own, offline."""

import json
import os
import pathlib
import subprocess
import sys
import sysconfig

import pytest

RELOAD = """
import sys
import dlkit
model = dlkit.load_model(sys.argv[1])
assert "acme_nets.layers" in sys.modules and "acme_nets.models" not in sys.modules
print(len(dlkit.class_names(model)), model.get_layer("conv3_gate").name)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs Python, in an environment that has this one's packages and a new acme-nets."""
    folder = tmp_path_factory.mktemp("newcomer")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    bin_folder = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / pathlib.Path(sys.executable).name
    ours = sysconfig.get_path("purelib")
    paths = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    theirs = pathlib.Path(sysconfig.get_path("purelib", "venv", vars=paths))
    (theirs / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    offline = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def run(*words):
        return subprocess.run(
            [python, *words],
            cwd=folder,
            env={**os.environ, **offline},
            capture_output=True,
            text=True,
            timeout=300,
        )

    assert run("-m", "dlkit", "plugin", "new", "acme-nets").returncode == 0
    pip = run("-m", "pip", "install", "--no-build-isolation", "--no-deps", "-e", "acme-nets")
    assert pip.returncode == 0, pip.stdout + pip.stderr
    return run


def test_its_tests_are_green_at_once(installed):
    done = installed("-m", "pytest", "-q", "-p", "no:cacheprovider", "acme-nets")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("19 passed")


def test_its_model_is_listed(installed):
    done = installed("-m", "dlkit", "models", "--plugin", "acme-nets", "--json")
    (row,) = json.loads(done.stdout)
    assert row["name"] == "acme-nets/starter"
    assert row["params"] == 29_546


def test_its_model_trains_and_reloads_in_a_fresh_process(installed):
    words = ["--epochs", "2", "--limit-batches", "20", "--run", "first"]
    done = installed("-m", "dlkit", "train", "acme-nets/starter", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("first")
    done = installed("-c", RELOAD, "first/ckpt/best/model.keras")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "10 conv3_gate"
