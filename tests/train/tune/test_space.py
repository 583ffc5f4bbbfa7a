"""What may vary, as typed."""

import pytest

import dlkit
from dlkit.registry.errors import UsageError
from dlkit.train.tune import space
from dlkit.train.tune.space import Choice, Range


def read(recipe, path, text):
    (dimension,) = space.read({path: text}, recipe)
    return dimension


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("max_time", "1e-4..1e-2", Range("max_time", 1e-4, 1e-2, False)),
        ("optimizer.momentum", "0..0.9", Range("optimizer.momentum", 0.0, 0.9, False)),
        ("batch_size", "16 .. 64", Range("batch_size", 16, 64, True)),
        ("warmup_epochs", "1..3", Range("warmup_epochs", 1.0, 3.0, False)),
        ("model_options.units", "8..16", Range("model_options.units", 8, 16, True)),
        ("augment", "none,shift", Choice("augment", ("none", "shift"))),
        ("optimizer.learning_rate", "1e-3, 1e-2", Choice("optimizer.learning_rate", (1e-3, 1e-2))),
        ("class_weights", "true,false", Choice("class_weights", (True, False))),
        ("image_size", "null,32", Choice("image_size", (None, 32))),
        ("model_options.rate", "1e-3,1e-2", Choice("model_options.rate", (1e-3, 1e-2))),
        ("model_options.rate", "1e-3,'1e-3'", Choice("model_options.rate", (1e-3, "1e-3"))),
        ("model_options.shape", "[1, 2],[3]", Choice("model_options.shape", ([1, 2], [3]))),
    ],
)  # fmt: skip
def test_ranges_and_choices(recipe, path, text, expected):
    assert space.is_dimension(text)
    assert read(recipe, path, text) == expected


@pytest.mark.parametrize("text", ["5", "none", "1e-3", "../data", "[1, 2]", "'a,b'", "a..b", ""])
def test_one_value_leaves_nothing_open(text):
    assert not space.is_dimension(text)


def test_wide_ranges_are_searched_by_their_exponent(recipe):
    assert read(recipe, "optimizer.learning_rate", "1e-4..1e-3").is_log
    assert not read(recipe, "optimizer.learning_rate", "1e-4..5e-4").is_log
    assert not read(recipe, "optimizer.momentum", "0..0.9").is_log


def test_values_are_tidy_and_stay_inside(recipe):
    rates = Range("optimizer.learning_rate", 1.2345e-4, 1.2345e-2, False)
    assert rates.tidy(0.00312345) == 0.00312
    assert rates.tidy(1.2346e-4) == 1.2345e-4 and rates.tidy(1.23449e-2) == 0.0123
    assert Range("batch_size", 1, 9, True).tidy(4) == 4


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("epohcs", "1..3", "Did you mean 'epochs'"),
        ("epochs", "1e-3..2", "epochs: expected a whole number"),
        ("schedule", "cosine,setp", "Did you mean 'step'"),
        ("augment", "1..3", "augment"),
        ("optimizer.learning_rate", "1e-2..1e-4", "low end of a range stands first"),
        ("augment", "none,none", "twice"),
        ("dataset", "digits,mnist", "not to be compared"),
        ("data", "a,b", "not to be compared"),
        ("data_options.size", "1..3", "not to be compared"),
    ],
)
def test_mistakes(recipe, path, text, message):
    with pytest.raises(UsageError, match=message):
        space.read({path: text}, recipe)


def test_fixed_values_are_numbers_where_they_look_like_numbers():
    pairs = ["model_options.rate=1e-3", "model_options.name='1e-3'", "augment=none,shift"]
    fixed, texts = space.split(pairs)
    assert fixed == {"model_options.rate": 1e-3, "model_options.name": "1e-3"}
    assert texts == {"augment": "none,shift"}


def test_paths_are_whole(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read(recipe, "cache", "memory,here").values == ("memory", str(tmp_path / "here"))


def test_points(recipe):
    texts = {"batch_size": "8..12", "augment": "none,shift"}
    assert space.points(space.read(texts, recipe)) == 10
    texts["optimizer.momentum"] = "0..0.9"
    assert space.points(space.read(texts, recipe)) == float("inf")


def test_the_turned_range_is_offered(recipe):
    with pytest.raises(UsageError) as caught:
        space.read({"epochs": "9..3"}, recipe)
    assert caught.value.fix == "Turn it round: --set epochs=3..9"


def test_value_at(recipe):
    recipe = dlkit.Recipe.load("local/tiny", **{"model_options.units": 4})
    assert space.value_at(recipe, "optimizer.name") == "adam"
    assert space.value_at(recipe, "model_options.units") == 4
    assert space.value_at(recipe, "model_options.depth") is None
