"""The stopwatch in the data."""

import time

import numpy as np
import pytest
import tensorflow as tf

import dlkit
from dlkit.train.callbacks import Clock
from dlkit.train.input_time import InputTime

SLOW = 0.03  # seconds a batch


def slow_data(n=10):
    def wait(value):
        time.sleep(SLOW)
        return value

    def fetch(value):
        fetched = tf.numpy_function(wait, [value], tf.int64)
        return tf.ensure_shape(fetched, [])

    return tf.data.Dataset.range(n).map(fetch)


def seconds_waited(data, step):
    waiting = InputTime()
    for _ in waiting.of(data):
        time.sleep(step)
    return waiting.seconds


def test_data_that_is_made_when_it_is_asked_for_is_waited_for():
    assert 10 * SLOW <= seconds_waited(slow_data(), 0.0) < 3 * 10 * SLOW


def test_data_that_is_ready_is_not():
    whole = seconds_waited(slow_data(), 2 * SLOW)
    assert seconds_waited(slow_data().prefetch(2), 2 * SLOW) < whole / 2


def test_the_time_of_the_step_itself_does_not_count():
    """It would, if TensorFlow let the stopwatch run ahead of the step."""
    assert seconds_waited(slow_data().prefetch(2), SLOW / 2) < 9 * SLOW


def test_the_batches_are_the_same():
    images = np.arange(24.0).reshape(6, 4)
    data = tf.data.Dataset.from_tensor_slices((images, np.arange(6))).batch(4)
    timed = InputTime().of(data)
    assert timed.element_spec == data.element_spec
    assert timed.cardinality() == data.cardinality() == 2
    for one, two in zip(timed, data, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_the_clock_logs_it(tmp_path, recipe):
    run, waiting = dlkit.Run(tmp_path / "r", recipe), InputTime()
    model = run.build()
    clock = Clock(640, 20, waiting)
    data = waiting.of(run.stream.dataset(epochs=2))
    history = model.fit(
        data, epochs=2, steps_per_epoch=20, verbose=0, shuffle=False, callbacks=[clock]
    ).history
    assert len(history["input_seconds"]) == 2
    for part, whole in zip(history["input_seconds"], history["seconds"], strict=True):
        assert 0 < part < whole
    assert sum(history["input_seconds"]) == pytest.approx(waiting.seconds, rel=1e-3)


def test_an_epoch_that_goes_on_counts_what_was_waited_before():
    clock = Clock(steps_per_epoch=20, waiting=InputTime())
    clock.set_state({"seconds": 7.0, "steps": 5, "waited": 2.0})
    clock.on_epoch_begin(0)
    assert clock.get_state()["waited"] == pytest.approx(2.0)
    clock.set_state({"seconds": 7.0, "steps": 5})  # of a checkpoint that knew of no waiting
    clock.on_epoch_begin(0)
    assert clock.get_state()["waited"] == 0.0
