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
    ],
)
def test_mistakes(recipe, changes, message):
    with pytest.raises(UsageError, match=message):
        plan.Plan(**{"recipe": recipe, "space": SPACE, **changes})


def test_no_plan_and_a_damaged_one(tmp_path, recipe):
    with pytest.raises(RunError, match="holds no search"):
        plan.read(tmp_path)
    plan.write(tmp_path, plan.Plan(recipe=recipe, space=SPACE))
    for text in ("trials: [", "- 1", "trails: 3"):
        (tmp_path / plan.FILE).write_text(text)
        with pytest.raises(RunError, match=r"tune\.yaml is damaged"):
            plan.read(tmp_path)
