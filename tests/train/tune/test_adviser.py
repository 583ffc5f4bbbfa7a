"""keras-tuner, asked and told."""

import math

import pytest

from dlkit.train import extras
from dlkit.train.tune import adviser, space
from dlkit.train.tune.adviser import Adviser

pytest.importorskip("keras_tuner")

TEXTS = {"optimizer.learning_rate": "1e-5..1e-1", "augment": "none,shift", "batch_size": "16,32"}


@pytest.fixture
def dimensions(recipe):
    return space.read(TEXTS, recipe)


def asked(algorithm, dimensions, answer, *, trials=8, seed=0, epochs=9, mode="max"):
    """Plays a search through; gives its settings."""
    found = []
    guide = Adviser(algorithm, dimensions, mode, trials, seed, epochs)
    while len(found) < trials and (settings := guide.ask()) is not None:
        found.append(settings)
        guide.tell(answer(settings), settings)
    guide.close()
    return found


def near(settings):
    """Best at a rate of 1e-3."""
    return -abs(math.log10(settings["optimizer.learning_rate"]) + 3)


@pytest.mark.parametrize("algorithm", ["random", "bayesian", "hyperband"])
def test_the_same_seed_asks_the_same(dimensions, algorithm):
    one, two = (asked(algorithm, dimensions, near) for _ in range(2))
    assert one == two and len(one) == 8
    assert one != asked(algorithm, dimensions, near, seed=1)
    for settings in one:
        assert 1e-5 <= settings["optimizer.learning_rate"] <= 1e-1
        assert settings["augment"] in ("none", "shift") and settings["batch_size"] in (16, 32)
        assert settings["optimizer.learning_rate"] == float(
            f"{settings['optimizer.learning_rate']:.3g}"
        )


def test_bayesian_comes_nearer_than_it_began(dimensions):
    found = [near(settings) for settings in asked("bayesian", dimensions[:1], near, trials=7)]
    assert max(found[3:]) > max(found[:3])  # the first three are drawn


@pytest.mark.parametrize("mode", ["max", "min"])
def test_hyperband_gives_good_ones_more_epochs(dimensions, mode):
    sign = 1 if mode == "max" else -1
    found = asked("hyperband", dimensions[:1], lambda s: sign * near(s), trials=90, mode=mode)
    short = [s["optimizer.learning_rate"] for s in found if s["epochs"] == 1]
    again = [s["optimizer.learning_rate"] for s in found[: len(short) + 3] if s["epochs"] == 3]
    best = max(short, key=lambda rate: -abs(math.log10(rate) + 3))
    assert {s["epochs"] for s in found} == {1, 3, 9} and best in again
    assert len(found) < 90  # it ends by itself


@pytest.mark.parametrize("epochs", [3, 9, 20])
def test_brackets_are_those_that_keras_tuner_goes_through(dimensions, epochs):
    rounds = adviser.brackets(epochs)
    found = asked("hyperband", dimensions[:1], near, trials=99, epochs=epochs)
    assert len(found) == sum(map(sum, rounds))
    first = [settings["epochs"] for settings in found[: sum(rounds[0])]]
    assert first == sorted(first) and first[-1] == epochs
    assert [first.count(n) for n in sorted(set(first))] == rounds[0]


def test_hyperband_goes_up_in_a_space_of_just_as_many_points(recipe):
    texts = {"batch_size": "8..10", "augment": "none,shift,crop-flip"}
    found = asked("hyperband", space.read(texts, recipe), lambda s: s["batch_size"], trials=99)
    assert [settings["epochs"] for settings in found[:13]] == [1] * 9 + [3] * 3 + [9]


def test_a_small_space_is_gone_through_once(dimensions):
    found = asked("random", dimensions[1:], lambda s: 1.0, trials=20)
    assert len(found) == 4 == len({tuple(s.values()) for s in found})


@pytest.mark.parametrize("algorithm", ["random", "bayesian", "hyperband"])
def test_failures_end_nothing(dimensions, algorithm):
    found = asked(algorithm, dimensions, lambda s: math.nan, trials=8)
    assert len(found) == 8


def test_it_learns_from_what_was_in_truth_tried(dimensions):
    guide = Adviser("bayesian", dimensions[:1], "max", 5, 0, 9)
    guide.ask()
    guide.tell(1.0, {"optimizer.learning_rate": 0.05})
    (trial,) = guide._oracle.trials.values()
    assert trial.hyperparameters.values == {"optimizer.learning_rate": 0.05}
    guide.close()


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(extras.discovery, "find_module", lambda name: None)
    with pytest.raises(extras.MissingExtra, match="keras_tuner is not installed") as caught:
        adviser.check()
    assert caught.value.fix == 'Install it: pip install "dlkit-core[tune]"'
