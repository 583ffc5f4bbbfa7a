"""A run folder as `dlkit train` leaves it, made in a moment: real digits, a linear model."""

import functools
import json
import pathlib

import numpy as np
import pytest
import sklearn.datasets
import sklearn.linear_model

CONFIG = """\
model: lenet5
dataset: digits
epochs: 30
batch_size: 64
image_size: 32
seed: 0
optimizer:
  name: adam
  learning_rate: 0.001
schedule: cosine
augment: shift
precision: float32
"""

ENV = {
    "dlkit": "0.1.0",
    "python": "3.11.9",
    "keras": "3.15.1",
    "tensorflow": "2.21.0",
    "numpy": "2.4.6",
    "platform": "Linux-6.8-x86_64",
    "cpu_count": 2,
    "threads": {"intra": 2, "inter": 2},
    "devices": ["CPU"],
    "git": "4f2a91c",
    "command": "dlkit train lenet5 --dataset digits --seed 0",
    "started": "2025-05-02T14:03:11+00:00",
    "model": {"name": "lenet5", "plugin": "dlkit-vision", "version": "0.1.0", "params": 61706},
    "data": {
        "name": "digits",
        "fingerprint": "sha256:" + "3b9ac4" * 10 + "70f1",
        "splits": {"train": 1077, "val": 270, "test": 450},
        "class_names": [str(digit) for digit in range(10)],
        "notes": ["scikit-learn's 8 × 8 digits, enlarged to 32 × 32"],
    },
    "plugins": {"dlkit-vision": "0.1.0"},
}

STATE = {
    "status": "finished",
    "epochs_done": 30,
    "seconds": 47.6,
    "best": {"epoch": 24, "monitor": "val_accuracy", "value": 0.9630},
}


@functools.cache
def answers() -> dict[str, np.ndarray]:
    """A linear model's answers to 450 digits that it has not seen."""
    digits = sklearn.datasets.load_digits()
    rows = np.random.default_rng(0).permutation(len(digits.target))
    train, test = rows[450:1527], rows[:450]
    model = sklearn.linear_model.LogisticRegression(max_iter=200)
    model.fit(digits.data[train] / 16, digits.target[train])
    probabilities = model.predict_proba(digits.data[test] / 16).astype(np.float32)
    labels = digits.target[test].astype(np.int32)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    images = (digits.images[test][wrong] * 15.9).astype(np.uint8)[..., None]
    return {
        "labels": labels,
        "probabilities": probabilities,
        "mistake_images": images.repeat(4, axis=1).repeat(4, axis=2),
        "mistake_rows": wrong,
    }


def log(epochs: int = 30) -> str:
    """A plausible log.csv."""
    noise = np.random.default_rng(1)
    lines = ["epoch,accuracy,loss,val_accuracy,val_loss,learning_rate,seconds,images_per_second"]
    for epoch in range(1, epochs + 1):
        done = epoch / 30
        loss = 1.9 * np.exp(-7 * done) + 0.022 + 0.012 * noise.random()
        val_loss = 1.7 * np.exp(-7 * done) + 0.038 + 0.022 * noise.random()
        accuracy = 1 - 0.31 * loss - 0.004 * noise.random()
        val_accuracy = min(0.9556, round((0.97 - 0.3 * val_loss) * 270) / 270)
        val_accuracy = 0.9630 if epoch == 24 else val_accuracy
        rate = 0.001 * 0.5 * (1 + np.cos(np.pi * (epoch - 1) / 30))
        seconds = 4.1 if epoch == 1 else 1.45 + 0.1 * noise.random()
        lines.append(
            f"{epoch},{accuracy:.6f},{loss:.6f},{val_accuracy:.6f},{val_loss:.6f},{rate:.8f},"
            f"{seconds:.3f},{1077 / seconds:.1f}"
        )
    return "\n".join(lines) + "\n"


def evaluation(names: list[str] | None = None, accuracy: float | None = None) -> dict:
    made = answers()
    right = float((made["probabilities"].argmax(axis=1) == made["labels"]).mean())
    return {
        "split": "test",
        "size": 450,
        "metrics": {"accuracy": right if accuracy is None else accuracy, "loss": 0.31},
        "baseline": {"name": "3-nearest-neighbour", "accuracy": 0.9422},
        "class_names": names or [str(digit) for digit in range(10)],
    }


def make(folder: pathlib.Path, *, evaluated: bool = True, **changed) -> pathlib.Path:
    """Writes a run folder; `env`, `state`, `evaluation`, `arrays`, `log`, `config` may differ."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(changed.get("config", CONFIG), encoding="utf-8")
    (folder / "env.json").write_text(json.dumps(changed.get("env", ENV)), encoding="utf-8")
    (folder / "state.json").write_text(json.dumps(changed.get("state", STATE)), encoding="utf-8")
    (folder / "log.csv").write_text(changed.get("log", log()), encoding="utf-8")
    if evaluated:
        told = changed.get("evaluation", evaluation())
        (folder / "evaluation.json").write_text(json.dumps(told), encoding="utf-8")
        np.savez(folder / "evaluation.npz", **changed.get("arrays", answers()))
    return folder


@pytest.fixture
def make_run(tmp_path):
    """Gives `make(**changed)`: a run folder of this test."""

    def write(name="run", **changed):
        return make(tmp_path / name, **changed)

    write.env, write.state, write.log, write.config = ENV, STATE, log, CONFIG
    write.evaluation, write.answers = evaluation, answers
    return write


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    """A run folder that the tests of a module share and leave as it is."""
    return make(tmp_path_factory.mktemp("runs") / "lenet5-digits-01")
