"""The callbacks on a model of one's own, without a run."""

import json

import keras
import numpy as np
import pytest

from dlkit.train import callbacks
from dlkit.train.callbacks import csv_log


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
    rows = csv_log.read(tmp_path / "log.csv")
    assert rows[0]["images_per_second"] == pytest.approx(8 / rows[0]["seconds"])
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


def test_a_time_limit_stops_within_an_epoch(model):
    limit = callbacks.TimeLimit(0.0)
    history = fit(model, limit, epochs=50)
    assert limit.reached and len(history.epoch) == 1


def test_a_log_goes_on_where_rows_were(model, tmp_path):
    before = [{"epoch": 1, "loss": 9.0}, {"epoch": 2, "loss": 8.0}]
    log = callbacks.CSVLog(tmp_path / "log.csv", before)
    log.on_epoch_end(1, {"loss": 7.0, "extra": 1.0})
    rows = csv_log.read(tmp_path / "log.csv")
    assert [row["loss"] for row in rows] == [9.0, 7.0]
    assert np.isnan(rows[0]["extra"])
