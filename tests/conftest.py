"""What every part's tests share."""

import json
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import yaml

import dlkit
from dlkit import registry
from dlkit.registry import local


@pytest.fixture
def make_plugin(tmp_path, monkeypatch):
    """Installs a plugin without pip, for this process and its children, until the test ends.

    `make_plugin(name, manifest, files)` writes a package and the metadata that an installer would
    write, and gives back the folder that stands for site-packages.
    """
    made = set()

    def make(name, manifest, files=None, *, version="0.1", refresh=True):
        package = name.replace("-", "_")
        site = tmp_path / f"site-{name}"
        info = site / f"{package}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        points = f"[dlkit.plugins]\n{package} = {package}:dlkit.toml\n"
        (info / "entry_points.txt").write_text(points)
        (info / "RECORD").write_text(f"{package}/dlkit.toml,,\n")
        (site / package).mkdir()
        content = {"__init__.py": "", **(files or {}), "dlkit.toml": manifest}
        for file, text in content.items():
            path = site / package / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        made.add(package)
        monkeypatch.syspath_prepend(site)
        monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
        if refresh:
            registry.refresh()
        return site

    yield make
    for module in [m for m in sys.modules if m.partition(".")[0] in made]:
        del sys.modules[module]
    monkeypatch.undo()
    registry.refresh()


@pytest.fixture
def dlkit_command(tmp_path):
    """Runs `dlkit WORDS` in a process of its own, away from the repository.

    `dlkit_command(*words, env={…})` gives back what `subprocess.run` does, with text. Its plugins
    are those of this environment and those of `make_plugin`.
    """

    def run(*words, env=None, **options):
        return subprocess.run(
            [sys.executable, "-m", "dlkit", *words],
            env={**os.environ, **(env or {})},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            **{"capture_output": True, "text": True, "timeout": 300, **options},
        )

    return run


@pytest.fixture
def many_plugins(make_plugin):
    """Twelve plugins of ten models each, whose code raises as soon as it is imported."""
    model = """
[[model]]
name = "net{i}"
build = "{package}.models:net{i}"
summary = "Synthetic network {i} of {name}"
task = "image-classification"
params = {params}
variables = {params}
license = "Apache-2.0"
input_shape = [32, 32, 3]
num_classes = 10
tags = ["synthetic"]
paper = {{ title = "On networks that are never built", year = 2020, arxiv = "2001.00001" }}
[model.levels]
C3 = {{ layer = "conv3", stride = 8, channels = 64 }}
"""
    names = [f"acme-nets{n:02}" for n in range(12)]
    refuse = "raise ImportError('listing must not import this')"
    for name in names:
        package = name.replace("-", "_")
        tables = [
            model.format(i=i, name=name, package=package, params=1000 * i) for i in range(1, 11)
        ]
        files = {"__init__.py": refuse, "models.py": refuse}
        make_plugin(name, "api = 1\n" + "".join(tables), files, refresh=False)
    registry.refresh()
    return names


@pytest.fixture
def local_tiny(monkeypatch):
    """Registers a small perceptron as `local/tiny`, until the test ends."""
    import keras

    from dlkit import layers

    monkeypatch.setattr(local, "_specs", {})

    @dlkit.register_model("tiny", task="image-classification", input_shape=(8, 8, 1))
    def tiny(*, num_classes=10, input_shape=(8, 8, 1), units=16):
        image = keras.Input(input_shape, name="image")
        x = keras.layers.Rescaling(1 / 255, dtype="float32", name="scale")(image)
        x = keras.layers.Flatten(name="flatten")(x)
        x = keras.layers.Dense(units, activation="relu", name="hidden")(x)
        x = keras.layers.Dense(num_classes, name="logits")(x)
        return keras.Model(image, layers.ClassifierOutput(name="probabilities")(x), name="tiny")


@pytest.fixture
def write_run(tmp_path):
    """Writes a run's folder in a moment: `write_run("runs/a", epochs=3, **other_settings)`.

    `state`, `evaluation`, `env` and `log` (columns) replace what a healthy run has in those files;
    None leaves a file out.
    """

    def write(name, *, epochs=3, state=(), evaluation=(), env=(), log=(), **settings):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        recipe = {"model": "lenet5", "dataset": "digits", "epochs": epochs, "seed": 0,
                  "optimizer": {"name": "adam", "learning_rate": 1e-3},
                  "augment": "none", **settings}  # fmt: skip
        (folder / "config.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
        curve = [0.5 + 0.1 * epoch for epoch in range(epochs)]
        best = {"epoch": epochs, "monitor": "val_accuracy", "value": curve[-1]}
        columns = {"epoch": list(range(1, epochs + 1)), "accuracy": curve, "val_accuracy": curve,
                   "loss": [1 - value for value in curve],
                   "val_loss": [1.1 - value for value in curve]}  # fmt: skip
        files = {
            "env.json": {
                "dlkit": "0.1.0", "keras": "3.15.1", "started": f"2025-05-02T14:{len(name):02d}",
                "command": "dlkit train lenet5",
                "model": {"name": "lenet5", "plugin": "dlkit-vision", "version": "0.1.0",
                          "params": 61706},
                "data": {"name": "digits", "fingerprint": "a1b2", "class_names": ["no", "yes"],
                         "splits": {"train": 80, "val": 10, "test": 10}, "notes": ["small"]},
            },
            "state.json": {"status": "finished", "epochs_done": epochs, "seconds": 75.2,
                           "best": best},
            "evaluation.json": {"split": "test", "size": 10, "class_names": ["no", "yes"],
                                "metrics": {"accuracy": 0.8, "loss": 0.4},
                                "baseline": {"name": "commonest class", "accuracy": 0.5}},
        }  # fmt: skip
        changed = {"env.json": env, "state.json": state, "evaluation.json": evaluation}
        for file, other in changed.items():
            if other is not None:
                (folder / file).write_text(json.dumps({**files[file], **dict(other)}))
        if log is not None:
            columns.update(log)
            rows = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(),
                    strict=True))]  # fmt: skip
            (folder / "log.csv").write_text("\n".join(rows) + "\n")
        return folder

    return write
