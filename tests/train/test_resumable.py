"""A model and data of one's own, gone on with."""

import fcntl
import json
import os
import signal

import keras
import numpy as np
import pytest

from dlkit.registry.errors import UsageError
from dlkit.train import callbacks, checkpoint
from dlkit.train.folders import RunError

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(32, 3)).astype("float32")
Y = (X @ DRAW.normal(size=(3, 1)) > 0).astype("float32")


def network(optimizer="adam"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


def fit(model, chosen, epochs, begin=0):
    options = {"epochs": epochs, "initial_epoch": begin, "verbose": 0, "batch_size": 8}
    return model.fit(X, Y, validation_data=(X, Y), callbacks=chosen, **options)


def steps(model):
    return int(model.optimizer.iterations.numpy())


def test_a_further_fit_goes_on_from_the_model_as_it_is(tmp_path):
    fit(network(), callbacks.resumable(tmp_path), 2)
    model, chosen = network(), callbacks.resumable(tmp_path)
    assert fit(model, chosen, 3).epoch == [0, 1, 2]
    assert steps(model) == 12
    assert fit(model, chosen, 5, begin=3).epoch == [3, 4]
    assert steps(model) == 20
    saved = checkpoint.read(tmp_path / "last")
    assert (saved.step, saved.epochs_done) == (20, 5)
    assert fit(model, [], 1).epoch == [0]


def test_where_no_epoch_is_left_none_is_trained(tmp_path):
    fit(network(), callbacks.resumable(tmp_path), 2)
    model = network()
    assert fit(model, callbacks.resumable(tmp_path), 2).epoch == [0, 1]
    assert steps(model) == 8
    assert fit(model, [], 1).epoch == [0]


@pytest.mark.parametrize("begin", [0, 1, 2, 4])
def test_where_it_begins_is_not_for_fit_to_say(tmp_path, begin):
    fit(network(), callbacks.resumable(tmp_path), 2)
    model = network()
    assert fit(model, callbacks.resumable(tmp_path), 5, begin=begin).epoch == [0, 1, 2, 3, 4]
    assert steps(model) == 20


def test_a_keras_that_begins_elsewhere_is_refused(tmp_path, monkeypatch):
    fit(network(), callbacks.resumable(tmp_path), 2)
    monkeypatch.setattr(callbacks.Resume, "_begin_after", lambda self, epochs: None)
    with pytest.raises(RunError, match=r"after 0 epochs, and .*last goes on after 2") as caught:
        fit(network(), callbacks.resumable(tmp_path), 3, begin=0)
    assert "initial_epoch=" in caught.value.fix
    assert checkpoint.read(tmp_path / "last").epochs_done == 2


def test_a_model_without_weights_is_refused(tmp_path):
    def unbuilt():
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy")
        return model

    fit(unbuilt(), callbacks.resumable(tmp_path), 1)
    with pytest.raises(RunError, match="no weights yet") as caught:
        fit(unbuilt(), callbacks.resumable(tmp_path), 2)
    assert "keras.Input" in caught.value.fix


def test_of_averages_what_is_kept_is_what_was_measured(tmp_path):
    adam = keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=0.9)
    fit(network(adam), callbacks.resumable(tmp_path), 3)
    best = json.loads((tmp_path / "best" / "state.json").read_text())["best"]
    kept = keras.saving.load_model(tmp_path / "best" / "model.keras")
    found = kept.evaluate(X, Y, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(best["value"], rel=1e-5)


@pytest.mark.parametrize(("monitor", "better"), [("val_accuracy", max), ("val_loss", min)])
def test_which_values_are_better_is_known_of_the_usual_ones(tmp_path, monitor, better):
    chosen = callbacks.resumable(tmp_path, monitor=monitor)
    history = fit(network(keras.optimizers.SGD(3.0)), chosen, 4).history[monitor]
    assert len(set(history)) > 1
    assert checkpoint.read(tmp_path / "last").best["value"] == better(history)


def test_what_is_given_wrongly(tmp_path, caplog):
    with pytest.raises(UsageError, match="mode is 'max' or 'min', not 'most'"):
        callbacks.resumable(tmp_path, mode="most")
    with pytest.raises(UsageError, match="no Keras callback") as caught:
        callbacks.resumable(tmp_path, [keras.callbacks.EarlyStopping()])
    assert "one by one" in caught.value.fix
    fit(network(), callbacks.resumable(tmp_path, monitor="val_acuracy"), 2)
    assert caplog.text.count("There is no val_acuracy among") == 1
    assert "val_accuracy" in caplog.text


def test_one_process_at_a_time(tmp_path):
    with (tmp_path / ".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="being trained by another process"):
            callbacks.resumable(tmp_path)
    fit(network(), callbacks.resumable(tmp_path), 1)
    with (tmp_path / ".lock").open("a") as other:  # given back with the end of training
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_model_that_has_no_file_trains_all_the_same(tmp_path, caplog):
    class Net(keras.Model):
        def __init__(self, given):
            super().__init__()
            self.given, self.dense = given, keras.layers.Dense(1, activation="sigmoid")

        def call(self, x):
            return self.dense(x)

    def made():
        model = Net(object())
        model.compile("adam", "binary_crossentropy")
        model(X[:1])
        return model

    assert len(fit(made(), callbacks.resumable(tmp_path), 2).epoch) == 2
    assert caplog.text.count("stays as values, since the model has no file") == 1
    assert checkpoint.read(tmp_path / "best").arrays
    assert len(fit(made(), callbacks.resumable(tmp_path), 3).epoch) == 3


def test_a_signal_before_the_first_checkpoint(tmp_path, capsys):
    class Told(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            os.kill(os.getpid(), signal.SIGTERM)

    chosen = callbacks.resumable(tmp_path)
    chosen.insert(1, Told())
    with pytest.raises(callbacks.Terminated):
        fit(network(), chosen, 2)
    assert "Stopped before the first checkpoint: nothing is saved." in capsys.readouterr().err
