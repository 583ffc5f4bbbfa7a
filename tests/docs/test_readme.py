"""The README's Python runs as it stands there."""

import pathlib
import re

import keras
import numpy as np
import tensorflow as tf

import dlkit

README = pathlib.Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


def test_fit_on_numpy_arrays():
    scope = {}
    exec(BLOCKS[0], scope)
    logs = scope["model"].evaluate(scope["images"], scope["labels"], verbose=0, return_dict=True)
    assert logs["accuracy"] > 0.5  # 0.1 by chance


def test_fit_on_tf_data():
    code = BLOCKS[0].replace(
        "model.fit(images, labels, batch_size=32, epochs=3)",
        "model.fit(tf.data.Dataset.from_tensor_slices((images, labels)).batch(32), epochs=3)",
    )
    assert code != BLOCKS[0]
    keras.utils.set_random_seed(0)
    scope = {"tf": tf}
    exec(code, scope)
    logs = scope["model"].evaluate(scope["images"], scope["labels"], verbose=0, return_dict=True)
    assert logs["accuracy"] > 0.5


def test_the_harness(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(BLOCKS[1], {"dlkit": dlkit})
    assert "accuracy" in capsys.readouterr().out
    assert (tmp_path / "runs" / "exp1" / "report.html").exists()


def test_going_on_with_a_model_and_data_of_ones_own(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        scope = {}
        exec(BLOCKS[0] + BLOCKS[2], scope)
    assert scope["callbacks"][0].epochs_done == 4 and "after epoch 4" in caplog.text


def test_saved_and_loaded_as_said(tmp_path):
    model = dlkit.create_model("lenet5", num_classes=3, input_shape=(32, 32, 1))
    model.save(tmp_path / "net.keras")
    image = np.zeros((1, 32, 32, 1), np.uint8)
    loaded = dlkit.load_model(tmp_path / "net.keras")
    assert np.array_equal(loaded.predict(image, verbose=0), model.predict(image, verbose=0))


def test_every_command_of_the_table_exists():
    from dlkit.cli import main

    verbs = set(re.findall(r"`dlkit ([a-z-]+)", README.read_text(encoding="utf-8")))
    assert {"train", "models", "plugin"} <= verbs
    for verb in verbs:
        assert main([verb, "--help"]) == 0
