"""Keras' EarlyStopping in a training of one's own that is gone on with."""

import keras
import numpy as np
import pytest

from dlkit.train import callbacks

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")
OPPOSITE = (X, 1 - Y)  # validation is best after the first epoch


class Killed(Exception):
    pass


class Kill(keras.callbacks.Callback):
    """Ends the process, as far as callbacks can tell, in an epoch counted from 0."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


def train(folder, *more, epochs=9, patience=3, monitor="val_loss"):
    """As in a process of its own: a new model and new callbacks."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy")
    stop = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    chosen = callbacks.resumable(folder, stop, *more, monitor=monitor, every="1epoch")
    history = model.fit(
        X, Y, epochs=epochs, validation_data=OPPOSITE, callbacks=chosen, verbose=0, shuffle=False
    )
    return model, history


def equal(first, second):
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def test_the_best_weights_are_those_from_before(tmp_path):
    whole, history = train(tmp_path / "whole")
    assert history.epoch == [0, 1, 2, 3]
    with pytest.raises(Killed):
        train(tmp_path / "killed", Kill(2))
    assert (tmp_path / "killed" / "best" / "state.npz").exists()
    train(tmp_path / "two", epochs=2)
    assert (tmp_path / "two" / "best" / "model.keras").exists()
    for name in ("killed", "two"):
        model, history = train(tmp_path / name)
        assert history.epoch == [0, 1, 2, 3]
        assert equal(model, whole)


def test_a_training_that_was_ended_is_not_gone_on_with(tmp_path, caplog):
    whole, _ = train(tmp_path)
    again, history = train(tmp_path)
    assert history.epoch == [0, 1, 2, 3] and equal(again, whole)
    assert int(again.optimizer.iterations.numpy()) == 4
    assert "ended this training after epoch 4: none is left" in caplog.text
    assert "the last whole one" not in caplog.text


def test_with_more_patience_it_is(tmp_path):
    train(tmp_path)
    assert train(tmp_path, patience=5)[1].epoch == [0, 1, 2, 3, 4, 5]


def test_weights_of_another_epoch_are_not_taken(tmp_path, caplog):
    train(tmp_path, epochs=2, monitor="loss")
    model, history = train(tmp_path, monitor="loss")
    assert history.epoch == [0, 1, 2, 3]
    assert "Its best was epoch 1, and" in caplog.text and "best is of epoch 2" in caplog.text
    assert int(model.optimizer.iterations.numpy()) == 4


def test_best_weights_that_are_gone(tmp_path, caplog):
    train(tmp_path, epochs=2)
    (tmp_path / "best").rename(tmp_path / "elsewhere")
    train(tmp_path)
    assert "Its best was epoch 1, and there is no" in caplog.text
