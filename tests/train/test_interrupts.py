"""SIGTERM and Ctrl-C: saved within a step, the way on is told, nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

import dlkit
from dlkit.train import callbacks, checkpoint, state
from dlkit.train.callbacks import checkpoints


@pytest.fixture(autouse=True)
def heard():
    """A job in the background ignores Ctrl-C, and its children do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Sender(keras.callbacks.Callback):
    """Sends this process a signal at a step of training, or at one of a validation."""

    def __init__(self, number, step=None, validation=None):
        super().__init__()
        self.number, self.step, self.validation = number, step, validation

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.step:
            os.kill(os.getpid(), self.number)

    def on_test_batch_end(self, batch, logs=None):
        if batch == self.validation:
            os.kill(os.getpid(), self.number)


def interrupted(run, sender, error):
    model = run.build()
    args = run.fit_args()
    args["callbacks"].insert(1, sender)
    with pytest.raises(error):
        model.fit(run.train, validation_data=run.val, verbose=0, **args)
    return checkpoint.newest(run.folder / "ckpt")


@pytest.mark.parametrize(
    ("number", "error", "code"),
    [
        (signal.SIGINT, callbacks.Interrupted, None),
        (signal.SIGTERM, callbacks.Terminated, 143),
    ],
)
def test_it_saves_at_the_step_and_goes_on_to_the_bit(
    tmp_path, recipe, fit, capsys, number, error, code
):
    handler = signal.getsignal(number)
    run = dlkit.Run(tmp_path / "r s", recipe)
    saved = interrupted(run, Sender(number, step=6), error)
    assert (saved.step, saved.epochs_done) == (7, 0)
    assert signal.getsignal(number) is handler
    assert run.status == "interrupted"
    assert f"Go on: dlkit resume '{run.folder}'" in capsys.readouterr().err
    whole = fit(dlkit.Run(tmp_path / "whole", recipe))
    assert state.digest(fit(dlkit.Run(run.folder, resume=True))) == state.digest(whole)
    assert issubclass(error, BaseException) and not issubclass(error, Exception)
    if code:
        assert error(code).code == code


@pytest.mark.parametrize(("patience", "step"), [(float("inf"), 20), (-1.0, 19)])
def test_in_a_validation(tmp_path, recipe, fit, monkeypatch, patience, step):
    """A short one is waited for; a long one costs the epoch's last step."""
    monkeypatch.setattr(checkpoints, "PATIENCE", patience)
    run = dlkit.Run(tmp_path / "r", recipe)
    saved = interrupted(run, Sender(signal.SIGTERM, validation=0), callbacks.Terminated)
    assert saved.step == step
    resumed = dlkit.Run(run.folder, resume=True)
    whole = fit(dlkit.Run(tmp_path / "whole", recipe))
    assert state.digest(fit(resumed)) == state.digest(whole)


def test_a_second_signal_ends_it_at_once(tmp_path, recipe):
    run = dlkit.Run(tmp_path / "r", recipe)
    model, args = run.build(), run.fit_args()
    senders = [Sender(signal.SIGINT, step=6), Sender(signal.SIGINT, step=6)]
    args["callbacks"][1:1] = senders
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(run.train, validation_data=run.val, verbose=0, **args)
    assert type(caught.value) is KeyboardInterrupt
    assert checkpoint.newest(run.folder / "ckpt") is None


def test_a_signal_after_an_error_is_not_swallowed(tmp_path, recipe):
    """An error that ends `fit` leaves no time to give the signals back."""
    run = dlkit.Run(tmp_path / "r", recipe)
    model, args = run.build(), run.fit_args()

    class Fails(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("a fault")

    args["callbacks"].insert(1, Fails())
    with pytest.raises(RuntimeError, match="a fault"):
        model.fit(run.train, verbose=0, **args)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_after_the_last_step_is_not_swallowed(tmp_path, recipe):
    class AtTheEnd(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            os.kill(os.getpid(), signal.SIGINT)

    run = dlkit.Run(tmp_path / "r", recipe)
    model, args = run.build(), run.fit_args()
    args["callbacks"].insert(1, AtTheEnd())
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(run.train, validation_data=run.val, verbose=0, **args)
        time.sleep(1)
    assert type(caught.value) is KeyboardInterrupt
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert run.status == "finished" and dlkit.Run(run.folder, resume=True).epochs_done == 2


def test_a_model_and_data_of_ones_own_go_on_after_the_last_whole_epoch(tmp_path, capsys, caplog):
    x, y = np.random.default_rng(0).normal(size=(64, 3)), np.zeros((64, 1))

    def train(*more):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        stop = keras.callbacks.EarlyStopping("loss", patience=5)
        chosen = callbacks.resumable(tmp_path, stop, monitor="loss")
        chosen[1:1] = more
        begin = chosen[0].epochs_done
        history = model.fit(x, y, epochs=4, callbacks=chosen, verbose=0, shuffle=False)
        return model, history, begin

    class Second(Sender):
        def on_epoch_begin(self, epoch, logs=None):
            self.step = 1 if epoch == 2 else None

    with pytest.raises(callbacks.Terminated):
        train(Second(signal.SIGTERM))
    assert "Go on: run the same lines again" in capsys.readouterr().err
    resumed, history, begin = train()
    assert begin == 2 and "after epoch 2, the last whole one" in caplog.text
    assert len(history.history["loss"]) == 4
    for path in tmp_path.iterdir():
        path.rename(tmp_path / f"old-{path.name}")
    whole, _, begin = train()
    assert begin == 0
    assert state.digest(resumed) == state.digest(whole)


def test_what_is_ignored_stays_ignored(tmp_path, recipe):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run = dlkit.Run(tmp_path / "r", recipe)
    model, args = run.build(), run.fit_args()
    args["callbacks"].insert(1, Sender(signal.SIGINT, step=6))
    model.fit(run.train, validation_data=run.val, verbose=0, **args)
    assert run.status == "finished"


def test_the_command(tmp_path):
    """SIGTERM: durable within a step and two seconds, exit code 143; `resume` goes on."""
    words = [sys.executable, "-m", "dlkit", "train", "lenet5", "--run", "r", "--epochs", "500"]
    process = subprocess.Popen(
        [*words, "--set", "augment=none"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    first = tmp_path / "r" / "ckpt" / "last" / "state.json"
    while not first.exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.3)
    process.terminate()
    began = time.monotonic()
    _, error = process.communicate(timeout=60)
    took = time.monotonic() - began
    assert process.returncode == 143, error
    assert "Go on: dlkit resume r" in error and "Traceback" not in error
    saved = checkpoint.read(first.parent)
    assert saved.step > 0 and f"Stopped at step {saved.step}" in error
    assert json.loads((tmp_path / "r" / "state.json").read_text())["status"] == "interrupted"
    assert took < 10  # with the end of Python and TensorFlow
