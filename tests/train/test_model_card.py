"""The page about a model, from its run's files alone."""

import json
import re

import numpy as np
import pytest
import yaml

import dlkit
from dlkit.registry.errors import DlkitError
from dlkit.train import limits, model_card
from dlkit.train.formats import FORMATS


def save_answers(folder, truth, answers):
    probabilities = np.eye(2, dtype=np.float32)[answers]
    np.savez(folder / "evaluation.npz", labels=np.array(truth), probabilities=probabilities)


def test_what_a_card_tells(write_run):
    folder = write_run("a")
    save_answers(folder, [0] * 5 + [1] * 5, [0, 0, 0, 1, 1] + [1] * 5)
    card = model_card.text(folder, ["keras", "onnx"])
    assert "# lenet5 on digits" in card and "61,706 trainable parameters" in card
    assert "| accuracy | 0.8000 | 0.5000 |" in card and "commonest class" in card
    assert "no, yes" in card and "Fingerprint: `a1b2`" in card and "small." in card
    assert "no (0.60 of 5)" in card and "yes (" not in card
    assert "| the model's code | not recorded |" in card
    assert "0.490 to 0.943" in card
    recipe = yaml.safe_load(re.search(r"```yaml\n(.*?)```", card, re.DOTALL)[1])
    assert recipe == yaml.safe_load((folder / "config.yaml").read_text())
    assert 'InferenceSession("model.onnx")' in card and "tflite" not in card
    head = yaml.safe_load(card.split("---")[1])
    assert head["library_name"] == "keras" and "lenet5" in head["tags"]


def test_licences_are_told_where_they_are_recorded(write_run):
    model = {"name": "lenet5", "license": "Apache-2.0", "input_shape": [32, 32, 1]}
    env = {"model": model, "data": {"name": "digits", "license": "CC-BY-4.0"}}
    card = model_card.text(write_run("a", env=env, evaluation=None))
    assert "| the model's code | Apache-2.0 |" in card and "| the data | CC-BY-4.0 |" in card
    assert "(batch, 32, 32, 1)" in card and "license: apache-2.0" in card


def test_the_best_epoch_is_the_one_whose_model_is_there(write_run):
    folder = write_run("a", state={"status": "interrupted"})
    save_answers(folder, [0, 1], [0, 1])
    (folder / "ckpt" / "best").mkdir(parents=True)
    best = {"epoch": 2, "monitor": "val_accuracy", "value": 0.6}
    (folder / "ckpt" / "best" / "state.json").write_text(json.dumps({"best": best}))
    card = model_card.text(folder)
    assert "Best val_accuracy: 0.6000, in epoch 2." in card
    assert "The last epoch was the best" not in card


def test_a_run_that_was_not_judged(write_run):
    card = model_card.text(write_run("a", evaluation=None, state={"status": "interrupted"}))
    assert "Not judged on a test split yet" in card
    assert "ended as `interrupted`" in card and "The last epoch was the best" in card


def test_damage_is_named(write_run):
    folder = write_run("a")
    (folder / "evaluation.npz").write_bytes(b"x")
    with pytest.raises(DlkitError, match=r"evaluation\.npz.*damaged"):
        model_card.text(folder)
    (folder / "state.json").write_text("{")
    with pytest.raises(DlkitError, match=r"state\.json is damaged"):
        model_card.text(folder)


@pytest.mark.parametrize(
    ("share", "size", "expected"),
    [(0.9, 100, (0.8256, 0.9448)), (1.0, 10, (0.7225, 1.0)), (0.0, 10, (0.0, 0.2775))],
)
def test_wilsons_interval(share, size, expected):
    """The figures of statsmodels' proportion_confint(method="wilson")."""
    assert limits.interval(share, size) == pytest.approx(expected, abs=1e-4)


def test_the_examples_run_as_they_stand(tmp_path, recipe, fit, monkeypatch):
    """Each three lines of the card give what the model gives."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    pytest.importorskip("ai_edge_litert")
    from dlkit.train.export import export

    run = dlkit.Run(tmp_path / "r", recipe)
    fit(run)
    run.evaluate()
    images = np.asarray(run.source.fetch(run.source.rows("val")[:6])[0], np.float32)
    model = run.best_model()
    for name, row in FORMATS.items():
        export(model, run.folder / "export" / row.file, name, images)
    card = model_card.write(run.folder).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(blocks) == len(FORMATS) and all(len(b.splitlines()) == 3 for b in blocks)
    monkeypatch.chdir(run.folder / "export")
    for block in blocks:
        names = {"images": images}
        exec(block, names)
        np.testing.assert_allclose(names["outputs"], model.predict(images, verbose=0), atol=1e-5)
