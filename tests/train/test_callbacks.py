"""The callbacks on a model of one's own, without a run."""

import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.train import callbacks, checkpoint, history
from dlkit.train.callbacks.epoch_board import EpochBoard


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


def fit(model, *chosen, epochs=3):
    x = np.ones((8, 2), "float32")
    y = np.ones((8, 1), "float32")
    return model.fit(x, y, epochs=epochs, validation_data=(x, y), verbose=0, callbacks=[*chosen])


def test_they_work_under_plain_fit(model, tmp_path):
    saved = callbacks.Checkpoints(tmp_path / "ckpt", "val_loss", "min")
    log = callbacks.CSVLog(tmp_path / "log.csv")
    status = callbacks.Status(tmp_path / "state.json", saved, {})
    fit(model, callbacks.Clock(8), saved, log, status)
    state = json.loads((tmp_path / "state.json").read_text())
    assert (state["status"], state["best"]["epoch"]) == ("finished", 3)
    written = history.read(tmp_path).log
    assert written["images_per_second"][0] == pytest.approx(8 / written["seconds"][0])
    best = keras.saving.load_model(tmp_path / "ckpt" / "best" / "model.keras")
    assert np.array_equal(best.get_weights()[0], model.get_weights()[0])


def test_a_loss_that_is_no_number_ends_as_diverged(model, tmp_path):
    saved = callbacks.Checkpoints(tmp_path / "ckpt", "val_loss", "min")
    status = callbacks.Status(tmp_path / "state.json", saved, {})
    model.optimizer.learning_rate = 1e38
    fit(model, keras.callbacks.TerminateOnNaN(), saved, status, epochs=9)
    assert json.loads((tmp_path / "state.json").read_text())["status"] == "diverged"


@pytest.mark.parametrize(
    ("mode", "values", "best"), [("max", [1, 3, 3, 2], 3), ("min", [3, 1, 1, 2], 3)]
)
def test_ties_go_to_the_later_epoch(model, tmp_path, mode, values, best):
    saved = callbacks.Checkpoints(tmp_path, "v", mode)
    saved.set_model(model)
    for epoch, value in enumerate(values):
        saved.on_epoch_end(epoch, {"v": value})
    assert saved.best == {"epoch": best, "monitor": "v", "value": values[best - 1]}


def test_what_is_not_a_number_is_never_best(model, tmp_path):
    saved = callbacks.Checkpoints(tmp_path, "v", "max")
    saved.set_model(model)
    saved.on_epoch_end(0, {"v": float("nan")})
    assert saved.best is None and not (tmp_path / "best").exists()
    saved.on_epoch_end(1, {"v": 0.5})
    saved.on_epoch_end(2, {"v": float("nan")})
    assert saved.best["epoch"] == 2


def test_a_validation_that_comes_to_nan_keeps_nothing_from_being_saved(model, tmp_path, caplog):
    x, y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")
    saved = callbacks.Checkpoints(tmp_path, "loss", every="1epoch")
    history = model.fit(
        x, y, epochs=2, validation_data=(x * np.nan, y), verbose=0, callbacks=[saved]
    )
    assert np.isnan(history.history["val_loss"]).all()
    assert checkpoint.read(tmp_path / "last").epochs_done == 2
    assert checkpoint.read(tmp_path / "best").best["epoch"] == 2
    assert "nothing is saved" not in caplog.text


@pytest.mark.parametrize("ruined", ["weights", "loss"])
def test_what_is_not_saved_is_said_once(model, tmp_path, caplog, ruined):
    saved = callbacks.Checkpoints(tmp_path, "v", every="1epoch")
    saved.set_model(model)
    if ruined == "weights":
        model.set_weights([weight * np.nan for weight in model.get_weights()])
    for epoch in range(2):
        saved.on_epoch_end(epoch, {"loss": np.inf if ruined == "loss" else 1.0, "v": 1.0})
    assert not saved.save()
    saved.keep_best()
    assert not list(tmp_path.iterdir())
    assert caplog.text.count("nothing is saved") == 1


@pytest.mark.parametrize("status", ["diverged", "interrupted", "running"])
def test_the_best_epoch_in_memory_is_saved_where_training_ends(model, tmp_path, status):
    saved = callbacks.Checkpoints(tmp_path, "v", "max", every="9epoch", steps_per_epoch=1)
    told = callbacks.Status(tmp_path / "state.json", saved, {})
    saved.set_model(model)
    saved.set_params({"epochs": 9})
    best = model.get_weights()
    for epoch, value in enumerate((0.5, 0.4)):
        saved.on_epoch_begin(epoch)
        saved.on_train_batch_end(0, {"loss": 1.0})
        saved.on_epoch_end(epoch, {"loss": 1.0, "v": value})
        model.set_weights([weight * np.nan for weight in best])
    told.write(status)
    assert np.isnan(model.get_weights()[0]).all()  # as it was
    assert (tmp_path / "best").exists() == (status != "running")
    if status != "running":
        assert checkpoint.read(tmp_path / "best").best["epoch"] == 1
        kept = keras.saving.load_model(tmp_path / "best" / "model.keras")
        assert np.array_equal(kept.get_weights()[0], best[0])


def test_without_a_validation_no_step_is_kept_for_a_signal_in_it(model, tmp_path, monkeypatch):
    taken = []
    capture = callbacks.checkpoints.state.capture
    monkeypatch.setattr(
        callbacks.checkpoints.state, "capture", lambda of: taken.append(1) or capture(of)
    )
    saved = callbacks.Checkpoints(tmp_path, "loss", every="9epoch", steps_per_epoch=2)
    x, y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")
    model.fit(x, y, batch_size=4, epochs=3, verbose=0, callbacks=[saved])
    epochs, files, unknown = 3, 1, 1  # the first epoch's validation might have been long
    assert len(taken) == epochs + files + unknown


def test_a_damaged_best_epoch_is_left_and_said_to_be(model, tmp_path, caplog):
    saved = callbacks.Checkpoints(tmp_path, "loss", every="1epoch")
    saved.set_model(model)
    saved.set_params({"epochs": 9})
    saved.on_epoch_end(0, {"loss": 1.0})
    (tmp_path / "best" / "state.npz").write_bytes(b"ruined")
    saved.on_train_end()
    assert "best/state.npz was changed" in caplog.text
    assert (tmp_path / "best" / "state.npz").read_bytes() == b"ruined"


def test_a_short_training_is_saved_once(model, tmp_path, monkeypatch):
    written, write = [], checkpoint.write
    monkeypatch.setattr(
        checkpoint, "write", lambda path, *a, **k: written.append(path.name) or write(path, *a, **k)
    )
    monkeypatch.delattr(checkpoint, "read")
    fit(model, callbacks.Checkpoints(tmp_path))
    assert written == ["best", "last"]  # so that `last` never knows a best epoch that is lost
    assert {path.name for path in tmp_path.iterdir()} == {"last", "best"}
    assert (tmp_path / "best" / "model.keras").exists()


def test_the_board_has_each_value_once(model, tmp_path):
    fit(model, EpochBoard(tmp_path, write_graph=False))
    (file,) = (tmp_path / "validation").glob("events*")
    events = tf.compat.v1.train.summary_iterator(str(file))
    tags = [value.tag for event in events for value in event.summary.value]
    assert tags == ["epoch_loss"] * 3


@pytest.mark.parametrize("clock", [[], [callbacks.Clock()]])
def test_the_board_has_the_learning_rate_with_and_without_a_clock(model, tmp_path, clock):
    fit(model, *clock, EpochBoard(tmp_path, write_graph=False))
    (file,) = (tmp_path / "train").glob("events*")
    events = tf.compat.v1.train.summary_iterator(str(file))
    values = [value for event in events for value in event.summary.value]
    rates = [tf.make_ndarray(v.tensor) for v in values if v.tag == "epoch_learning_rate"]
    assert rates == pytest.approx([0.01] * 3)


def test_metrics_of_further_replicas_are_no_further_metrics(tmp_path):
    arrays = {f"metrics/0{more}": np.zeros(()) for more in ("", "@1", "@2")}
    built = types.SimpleNamespace(metrics_variables=[None])  # another step would fail
    resume = callbacks.Resume(checkpoint.Saved(tmp_path, arrays=arrays), batch_spec=())
    resume.set_model(built)
    resume._build_metrics()


def test_a_time_limit_stops_within_an_epoch(model):
    limit = callbacks.TimeLimit(0.0)
    history = fit(model, limit, epochs=50)
    assert limit.reached and len(history.epoch) == 1


def test_a_log_goes_on_where_rows_were(model, tmp_path):
    before = [{"epoch": 1, "loss": 9.0}, {"epoch": 2, "loss": 8.0}]
    log = callbacks.CSVLog(tmp_path / "log.csv", before)
    log.on_epoch_end(1, {"loss": 7.0, "extra": 1.0})
    written = history.read(tmp_path).log
    assert written["loss"] == [9.0, 7.0]
    assert np.isnan(written["extra"][0])
