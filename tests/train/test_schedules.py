"""Schedules against their papers' formulas, written once more in NumPy."""

import json

import keras
import numpy as np
import pytest

from dlkit.registry import errors
from dlkit.train import schedule_options, schedules

PEAK, STEPS = 0.4, 1_000


def expected(name, t, warmup, options):
    """The rate of step t as a share of the peak, in float64."""
    if t < warmup:
        return (t + 1) / (warmup + 1)
    p = min(1.0, (t - warmup) / (STEPS - warmup))
    if name == "constant":
        return 1.0
    if name == "cosine":
        end = options.get("end", 0.0)
        return end + (1 - end) * (1 + np.cos(np.pi * p)) / 2
    if name == "polynomial":
        end = options.get("end", 0.0)
        return end + (1 - end) * (1 - p) ** options.get("power", 1.0)
    if name == "step":
        passed = [t >= m * STEPS for m in options.get("milestones", (0.5, 0.75))]
        return options.get("factor", 0.1) ** sum(passed)
    if name == "exponential":
        length = STEPS / options.get("periods", 50)
        whole = sum(t >= number * length for number in range(1, STEPS) if number * length < STEPS)
        return options.get("factor", 0.94) ** whole
    up, down = options.get("up", 0.45), options.get("down", 0.45)
    start, end = options.get("start", 0.1), options.get("end", 0.001)
    return np.interp(t / STEPS, [0, up, up + down, 1], [start, 1, start, end])


CASES = [
    ("constant", 0, {}),
    ("constant", 100, {}),
    ("cosine", 0, {}),
    ("cosine", 100, {"end": 0.01}),
    ("step", 0, {}),
    ("step", 100, {"milestones": [0.3, 0.6, 0.9], "factor": 0.2}),
    ("exponential", 0, {}),
    ("exponential", 100, {"factor": 0.9, "periods": 7.5}),
    ("polynomial", 0, {}),
    ("polynomial", 100, {"power": 0.9, "end": 0.05}),
    ("one-cycle", 0, {}),
    ("one-cycle", 0, {"up": 0.3, "down": 0.7, "start": 0.04, "end": 1e-4}),
]


@pytest.mark.parametrize(("name", "warmup", "options"), CASES)
def test_every_rate_is_the_formulas(name, warmup, options):
    schedule = schedules.Schedule(name, PEAK, STEPS, warmup, options)
    steps = np.arange(STEPS + 20)
    rates = np.array([float(schedule(t)) for t in steps])
    formula = [PEAK * expected(name, min(t, STEPS), warmup, options) for t in steps]
    np.testing.assert_allclose(rates, formula, rtol=2e-5, atol=1e-7 * PEAK)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("constant", 1.0, 1.0),
        ("cosine", 1.0, 0.0),
        ("step", 1.0, 0.01),
        ("exponential", 1.0, 0.94**49),
        ("polynomial", 1.0, 0.0),
        ("one-cycle", 0.1, 0.001),
    ],
)
def test_both_ends(name, first, last):
    schedule = schedules.Schedule(name, PEAK, STEPS)
    assert float(schedule(0)) == pytest.approx(first * PEAK, rel=1e-6)
    assert float(schedule(STEPS)) == pytest.approx(last * PEAK, rel=1e-6, abs=1e-9)
    assert float(schedule(STEPS * 5)) == float(schedule(STEPS))


def test_the_one_cycle_peaks_once():
    schedule = schedules.Schedule("one-cycle", PEAK, STEPS)
    rates = [float(schedule(t)) for t in range(STEPS)]
    assert rates[450] == max(rates) == pytest.approx(PEAK)
    assert rates[900] == pytest.approx(rates[0], rel=1e-4)
    assert (np.diff(rates)[:449] > 0).all() and (np.diff(rates)[450:] < 0).all()


def test_the_milestones_of_a_warmed_up_run_are_shares_of_the_whole():
    schedule = schedules.Schedule("step", 1.0, 100, warmup_steps=20)
    assert [float(schedule(t)) for t in (49, 50, 74, 75)] == pytest.approx([1, 0.1, 0.1, 0.01])


def test_a_run_shorter_than_its_warm_up_only_rises():
    schedule = schedules.Schedule("cosine", 1.0, 10, warmup_steps=50)
    assert [float(schedule(t)) for t in (0, 9)] == pytest.approx([1 / 51, 10 / 51])


@pytest.mark.parametrize(("name", "warmup", "options"), CASES)
def test_it_goes_through_json(name, warmup, options):
    schedule = schedules.Schedule(name, PEAK, STEPS, warmup, options)
    text = json.dumps(keras.saving.serialize_keras_object(schedule))
    assert '"registered_name": "dlkit>Schedule"' in text
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert again.get_config() == schedule.get_config()
    assert float(again(STEPS // 3)) == float(schedule(STEPS // 3))


def test_a_constant_is_a_number_that_callbacks_may_change():
    assert schedules.learning_rate("constant", 0.1, 100) == 0.1
    warm = schedules.learning_rate("constant", 0.1, 100, 10)
    assert isinstance(warm, keras.optimizers.schedules.LearningRateSchedule)


@pytest.mark.parametrize("name", schedule_options.NAMES)
def test_every_name_has_a_shape_and_its_options_have_defaults(name):
    assert schedules.SHAPES.keys() == set(schedule_options.NAMES)
    assert schedule_options.read(name, {}) == schedule_options.OPTIONS[name]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cosin", {}, "no schedule 'cosin'. Did you mean 'cosine'"),
        ("cosine", {"power": 2}, "'cosine' has no option 'power'. It has: end"),
        ("polynomial", {"powr": 2}, "Did you mean 'power'"),
        ("constant", {"end": 0}, "It has: none"),
        ("cosine", {"end": "low"}, "schedule_options.end: expected a number at least 0 and at "),
        ("cosine", {"end": float("nan")}, "got nan"),
        ("polynomial", {"power": 0}, "power: expected a number above 0, got 0"),
        ("exponential", {"periods": 0}, "periods: expected a number above 0, got 0"),
        ("step", {"milestones": 0.5}, "rising shares of the run between 0 and 1, got 0.5"),
        ("step", {"milestones": []}, "milestones: expected rising"),
        ("step", {"milestones": [0.5, 0.5]}, "milestones: expected rising"),
        ("step", {"milestones": [30, 60]}, "milestones: expected rising"),
        ("step", {"factor": True}, "factor: expected a number"),
        ("one-cycle", {"up": 0.6, "down": 0.6}, "up + down: expected at most 1"),
    ],
)
def test_wrong_options_are_refused(name, options, message):
    with pytest.raises(errors.UsageError) as caught:
        schedules.Schedule(name, 0.1, 100, options=options)
    assert message in str(caught.value)


def test_a_one_cycle_takes_no_warm_up():
    with pytest.raises(errors.UsageError, match="rises by itself"):
        schedule_options.read("one-cycle", {}, warmup=2)
