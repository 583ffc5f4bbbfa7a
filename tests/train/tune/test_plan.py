"""A search's files."""

import pytest

from dlkit.registry.errors import UsageError
from dlkit.train.folders import RunError
from dlkit.train.tune import plan

SPACE = {"optimizer.learning_rate": "1e-4..1e-2", "augment": "none,shift"}


def test_a_plan_reads_back_as_it_was_written(tmp_path, recipe):
    written = plan.Plan(recipe=recipe, space=SPACE, algorithm="bayesian", trials=3, seed=7)
    plan.write(tmp_path / "s", written)
    assert plan.is_there(tmp_path / "s")
    assert plan.read(tmp_path / "s") == written


def test_the_data_is_found_from_other_folders(tmp_path, recipe, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan.write("s", plan.Plan(recipe=recipe.replace(data="pictures"), space=SPACE))
    assert plan.read("s").recipe.data == str(tmp_path / "pictures")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": "bayes"}, "Did you mean 'bayesian'"),
        ({"trials": 0}, "trials: expected a whole number of at least 1"),
        ({"seed": -1}, "seed: expected"),
        ({"space": {}}, "nothing to search over"),
        ({"space": {"epochs": "1..3"}, "algorithm": "hyperband"}, "chooses the epochs"),
        ({"space": {"epochs": "3..1"}}, "low end"),
        ({"algorithm": "hyperband"}, "of 2 there are no fewer to begin with"),
    ],
)
def test_mistakes(recipe, changes, message):
    with pytest.raises(UsageError, match=message):
        plan.Plan(**{"recipe": recipe, "space": SPACE, **changes})


def test_hyperband_has_its_own_end(recipe):
    rates = {"optimizer.learning_rate": "1e-4..1e-2"}
    assert plan.Plan(recipe=recipe, space=rates).trials == 10
    longer = {"recipe": recipe.replace(epochs=27), "space": rates, "algorithm": "hyperband"}
    assert plan.Plan(**longer).trials == 40 + 18 + 8 + 4
    assert plan.Plan(**longer, trials=40).trials == 40
    with pytest.raises(UsageError, match="first bracket for 27 epochs has 40") as caught:
        plan.Plan(**longer, trials=39)
    assert "--trials 40" in caught.value.fix


def test_a_space_too_small_for_hyperband_is_refused(recipe):
    given = {"recipe": recipe.replace(epochs=9), "algorithm": "hyperband"}
    eight = {"augment": "none,shift", "batch_size": "8..11"}
    with pytest.raises(UsageError, match=r"begins with 9 different trials .* has 8") as caught:
        plan.Plan(**given, space=eight)
    assert caught.value.fix == "Try them all: --search random --trials 8"
    assert plan.Plan(**given, space={**eight, "batch_size": "8..12"}).trials == 23


def test_paths_that_may_vary_are_found_from_other_folders(tmp_path, recipe, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan.write("s", plan.Plan(recipe=recipe, space={"cache": "null,memory,de coded"}))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (dimension,) = plan.read(tmp_path / "s").dimensions
    assert dimension.values == (None, "memory", str(tmp_path / "de coded"))


def test_no_plan_and_a_damaged_one(tmp_path, recipe):
    with pytest.raises(RunError, match="holds no search"):
        plan.read(tmp_path)
    plan.write(tmp_path, plan.Plan(recipe=recipe, space=SPACE))
    for text in ("trials: [", "- 1", "trails: 3"):
        (tmp_path / plan.FILE).write_text(text)
        with pytest.raises(RunError, match=r"tune\.yaml is damaged"):
            plan.read(tmp_path)
