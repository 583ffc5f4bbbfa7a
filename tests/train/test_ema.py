"""Averaged weights: judged and kept, while training does not notice."""

import keras
import numpy as np
import pytest

from dlkit.train import averages, checkpoint, state
from dlkit.train.callbacks.ema import EMA

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = X[:, :1] ** 2


def build(momentum=0.9, scaled=False, **options):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)])
    if momentum:
        options = {"use_ema": True, "ema_momentum": momentum, **options}
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9, **options)
    model.compile(keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer, "mse")
    return model


class Noted(keras.callbacks.Callback):
    """The weights that training goes on from, and what it says, epoch by epoch."""

    def on_train_begin(self, logs=None):
        self.weights, self.logs = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append([v.numpy() for v in self.model.trainable_variables])
        self.logs.append(dict(logs))


def fit(model, *callbacks, epochs=3, **options):
    noted = Noted()
    model.fit(
        X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0,
        validation_data=(X, Y), callbacks=[*callbacks, noted], **options,
    )  # fmt: skip
    return noted


def assert_same(some, others):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("scaled", [False, True])
def test_training_does_not_notice_to_the_bit(scaled):
    """Keras' own callback fails here: it swaps by adding, and rounds."""
    plain, ema = fit(build(0, scaled)), fit(build(0.9, scaled), EMA())
    for one, other in zip(plain.weights, ema.weights, strict=True):
        assert_same(one, other)
    assert [row["loss"] for row in plain.logs] == [row["loss"] for row in ema.logs]
    assert plain.logs[-1]["val_loss"] != ema.logs[-1]["val_loss"]


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("momentum", [0.9, 0.999])
def test_validation_judges_the_average_of_all_steps(momentum, scaled):
    """The average is computed once more from the weights after each step."""
    model, steps = build(momentum, scaled), []

    class Steps(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append([v.numpy() for v in self.model.trainable_variables])

    judged = []

    class Judged(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            judged.append([v.numpy() for v in self.model.trainable_variables])

    noted = fit(model, EMA(), Steps(), Judged())
    average = steps[0]
    for weights in steps[1:]:
        average = [momentum * a + (1 - momentum) * w for a, w in zip(average, weights, strict=True)]
    for expected, seen, final in zip(average, judged[-1], model.trainable_variables, strict=True):
        np.testing.assert_allclose(seen, expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(seen, final.numpy())  # fit ends with the averages
    assert noted.logs[-1]["val_loss"] == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)


def test_applied_gives_the_weights_back_to_the_bit_also_after_an_error():
    model = build()
    kept = {}

    class Save(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            before = state.digest(self.model)
            with averages.applied(self.model):
                kept["averages"] = [v.numpy() for v in self.model.trainable_variables]
                assert state.digest(self.model) != before
            assert state.digest(self.model) == before
            with pytest.raises(OSError), averages.applied(self.model):
                raise OSError("no space left")
            assert state.digest(self.model) == before

    fit(model, Save())
    assert_same([v.numpy() for v in model.trainable_variables], kept["averages"])


def test_an_error_in_validation_leaves_the_averages_and_the_next_fit_the_weights():
    model, ema = build(), EMA()
    before = []

    class Fail(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            before[:] = [v.numpy() for v in self.model.trainable_variables]

        def on_test_batch_end(self, batch, logs=None):
            raise OSError("broken file")

    with pytest.raises(OSError):
        fit(model, ema, Fail())

    begun = []

    class Begun(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            begun.extend(v.numpy() for v in self.model.trainable_variables)

    assert (model.trainable_variables[0].numpy() != before[0]).any()
    fit(model, ema, Begun(), epochs=1)
    assert_same(begun, before)


def test_before_the_first_update_there_is_no_average():
    model = build()
    model.optimizer.build(model.trainable_variables)
    before = [v.numpy() for v in model.trainable_variables]
    model.evaluate(X, Y, verbose=0, callbacks=[EMA()])
    assert not averages.are_there(model)
    assert_same([v.numpy() for v in model.trainable_variables], before)


def test_steps_that_a_loss_scale_skips_leave_the_weights_where_they_were():
    """Keras ends every fit by putting the averages in; here they are zeros still."""
    model = build(scaled=True)
    before = [v.numpy() for v in model.trainable_variables]
    model.fit(X * 1e30, Y * 1e30, epochs=1, verbose=0, callbacks=[EMA()])
    assert int(model.optimizer.iterations) == 0
    assert_same([v.numpy() for v in model.trainable_variables], before)


def test_without_averages_it_does_nothing():
    plain, idle = fit(build(0)), fit(model := build(0), EMA())
    assert [row["val_loss"] for row in plain.logs] == [row["val_loss"] for row in idle.logs]
    assert_same([v.numpy() for v in model.trainable_variables], plain.weights[-1])
    assert not averages.are_wanted(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))


@pytest.mark.parametrize("scaled", [False, True])
def test_averages_go_on_after_a_restore(scaled):
    """Two epochs, then one in another model that was given every variable: as three."""
    whole = fit(build(scaled=scaled), EMA())

    class Capture(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.arrays = state.capture(self.model)

    capture = Capture()
    fit(build(scaled=scaled), EMA(), capture, epochs=2)
    model = build(scaled=scaled)
    state.restore(model, checkpoint.Saved(path=None, arrays=capture.arrays))
    part = fit(model, EMA(), initial_epoch=2)
    assert_same(whole.weights[-1], part.weights[-1])
    assert whole.logs[-1]["val_loss"] == part.logs[-1]["val_loss"]
