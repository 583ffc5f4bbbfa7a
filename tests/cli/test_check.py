"""`dlkit check` and `dlkit lr-find`, as typed."""

import json

import keras
import pytest
from PIL import Image

import dlkit
from dlkit import layers
from dlkit.cli import main

pytestmark = pytest.mark.usefixtures("local_tiny")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_of_a_sound_model(here, capsys):
    assert main(["check", "local/tiny", "--set", "epochs=3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11 and all(line.startswith("ok ") for line in lines[:10])
    assert lines[-1].startswith("10 checks, 0 failures, 0 warnings, in ")
    train = "Train it: dlkit train local/tiny --dataset digits --set epochs=3"
    assert lines[-1].endswith(train)
    assert not list(here.iterdir())


def test_what_is_offered_is_what_was_checked(here, capsys):
    rate = ["--set", "optimizer.learning_rate=1e-9", "--set", "model_options={units: 32}"]
    assert main(["check", "local/tiny", *rate, "--run", "my run"]) == 0
    out = capsys.readouterr().out
    words = "local/tiny --dataset digits --set optimizer.learning_rate=1e-9 --set 'model_options={"
    assert f"dlkit lr-find {words}" in out and f"dlkit train {words}" in out
    assert out.rstrip().endswith("--run 'my run'")


def test_check_of_an_unsound_one(here, capsys):
    @dlkit.register_model("dead", task="image-classification", input_shape=(8, 8, 1))
    def dead(*, num_classes=10, input_shape=(8, 8, 1)):
        image = keras.Input(input_shape)
        bias = keras.initializers.Constant(-1e6)
        x = keras.layers.Dense(8, "relu", bias_initializer=bias)(keras.layers.Flatten()(image))
        x = keras.layers.Dense(num_classes)(x)
        return keras.Model(image, layers.ClassifierOutput()(x))

    assert main(["check", "local/dead"]) == 1
    out = capsys.readouterr().out
    assert "\nFAIL     gradients " in out and "\nFAIL     one batch " in out
    assert "Train it" not in out
    assert main(["check", "local/dead", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    verdicts = {finding["name"]: finding["verdict"] for finding in found}
    assert verdicts["gradients"] == "FAIL" and verdicts["pixels"] == "ok"
    assert all(set(finding) == {"name", "verdict", "text", "fix"} for finding in found)


def test_lr_find(here, capsys):
    assert main(["lr-find", "local/tiny"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("local/tiny on digits, adam: ")
    assert lines[-1] == "picture: lr-find-local-tiny-digits.png"
    assert [path.name for path in here.iterdir()] == ["lr-find-local-tiny-digits.png"]
    assert Image.open("lr-find-local-tiny-digits.png").size == (1280, 720)
    (setting,) = (line.split()[-1] for line in lines if "--set" in line)
    assert 1e-4 < float(setting.removeprefix("optimizer.learning_rate=")) < 1


def test_lr_find_elsewhere_and_as_json(here, capsys):
    assert main(["lr-find", "local/tiny", "--out", "curve.svg", "--steps", "60"]) == 0
    assert "<svg" in (here / "curve.svg").read_text()
    capsys.readouterr()
    assert main(["lr-find", "local/tiny", "--json", "--steps", "60"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["set"] == f"optimizer.learning_rate={found['suggestion']:g}"
    assert len(found["rates"]) == len(found["losses"]) == len(found["smooth"])
    assert {path.name for path in here.iterdir()} == {"curve.svg"}


def test_lr_find_where_nothing_is_learned(capsys):
    @dlkit.register_model("broken", task="image-classification", input_shape=(8, 8, 1))
    def broken(*, num_classes=10, input_shape=(8, 8, 1), bias="0"):
        image = keras.Input(input_shape)
        start = keras.initializers.Constant(float(bias))
        x = keras.layers.Dense(num_classes, bias_initializer=start)(keras.layers.Flatten()(image))
        return keras.Model(image, layers.ClassifierOutput()(x))

    assert main(["lr-find", "local/broken", "--set", "model_options.bias=nan"]) == 1
    captured = capsys.readouterr()
    assert "no finite number at the lowest rates: in step 1, at 1e-07" in captured.err
    words = "local/broken --dataset digits --set model_options.bias=nan"
    assert f"Look into it: dlkit check {words}" in captured.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["check"], 2, "give a model's name"),
        (["check", "nosuch"], 1, "no model 'nosuch'"),
        (["check", "local/tiny", "--set", "epohcs=3"], 2, "Did you mean 'epochs'"),
        (["check", "local/tiny", "--set", "epochs"], 2, "expected A.B=C"),
        (["check", "local/tiny", "--set", "epochs=["], 2, "no YAML value"),
        (["lr-find", "local/tiny", "--out", "x.gif"], 2, "expected a name in .png"),
        (["lr-find", "local/tiny", "--out", "none/x.png"], 2, "there is no such folder"),
        (
            ["lr-find", "local/tiny", "--steps", "3"],
            2,
            "--steps 3: expected a whole number of at least 20",
        ),
        (["lr-find", "local/tiny", "-c", "x.yaml"], 2, "not both"),
    ],
)
def test_mistakes(here, capsys, words, code, message):
    assert main(words) == code
    captured = capsys.readouterr()
    assert message in captured.err and "Traceback" not in captured.err
    assert not list(here.iterdir())
