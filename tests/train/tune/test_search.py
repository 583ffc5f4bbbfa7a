"""A search, trial by trial."""

import json
import math
import re

import numpy as np
import pytest

import dlkit
from dlkit.registry.errors import DlkitError
from dlkit.train.folders import RunError
from dlkit.train.tune import search
from dlkit.train.tune.plan import Plan

pytest.importorskip("keras_tuner")

SPACE = {"optimizer.learning_rate": "1e-4..1e-2", "augment": "none,shift"}


@pytest.fixture
def plan(recipe):
    return Plan(recipe=recipe.replace(epochs=1, limit_batches=5), space=SPACE, trials=2)


def test_each_trial_is_a_run_judged_on_validation_alone(tmp_path, plan, monkeypatch):
    read = []
    rows = dlkit.data.source.Source.rows
    monkeypatch.setattr(
        dlkit.data.source.Source, "rows", lambda self, name: read.append(name) or rows(self, name)
    )
    begun = []
    found = list(search.trials(tmp_path / "s", plan, began=begun.append))
    assert "val" in read and "test" not in read
    assert [trial.folder.name for trial in found] == ["trial-01", "trial-02"]
    assert [trial.settings for trial in begun] == [trial.settings for trial in found]
    for trial in found:
        recipe = dlkit.Recipe.load(trial.folder / "config.yaml")
        assert recipe == plan.recipe.replace(**trial.settings)
        state = json.loads((trial.folder / "state.json").read_text())
        assert state["best"]["value"] == trial.value and trial.status == "finished"
        assert not (trial.folder / "evaluation.json").exists()

    best = search.best(found, plan)
    assert best.value == max(trial.value for trial in found)
    path = search.write_best(tmp_path / "s", best, plan)
    assert dlkit.Recipe.load(path) == plan.recipe.replace(**best.settings)


def test_a_search_goes_on_and_trains_nothing_twice(tmp_path, plan):
    whole = list(search.trials(tmp_path / "whole", plan))
    stopped = search.trials(tmp_path / "part", plan)
    first = next(stopped)
    stopped.close()
    written = (first.folder / "log.csv").stat().st_mtime_ns
    part = list(search.trials(tmp_path / "part", plan))
    assert (first.folder / "log.csv").stat().st_mtime_ns == written
    assert [t.value for t in part] == [t.value for t in whole]
    assert [t.settings for t in part] == [t.settings for t in whole]


def test_an_interrupted_trial_goes_on_at_its_step(tmp_path, plan, monkeypatch):
    class Stop(Exception):
        """Stands for a process that is killed."""

    def stop(self, batch, logs=None):
        if batch == 3:
            raise Stop

    longer = Plan(recipe=plan.recipe.replace(save_every="1steps"), space=SPACE, trials=1)
    (whole,) = search.trials(tmp_path / "whole", longer)
    with monkeypatch.context() as patch:
        patch.setattr(dlkit.train.callbacks.TimeLimit, "on_train_batch_end", stop)
        limited = Plan(recipe=longer.recipe.replace(max_time=1e6), space=SPACE, trials=1)
        with pytest.raises(Stop):
            list(search.trials(tmp_path / "part", limited))
    step = json.loads((tmp_path / "part/trial-01/ckpt/last/state.json").read_text())["step"]
    assert step == 3
    (part,) = search.trials(tmp_path / "part", limited)
    assert part.value == whole.value


def test_what_was_begun_keeps_its_settings_whatever_is_drawn_now(tmp_path, plan):
    (first, _) = search.trials(tmp_path / "s", plan)
    other = Plan(recipe=plan.recipe, space=SPACE, trials=1, seed=5)
    (again,) = search.trials(tmp_path / "s", other)
    assert again.settings == first.settings and again.value == first.value


def test_a_trial_of_another_search_is_refused(tmp_path, plan):
    list(search.trials(tmp_path / "s", plan))
    other = Plan(recipe=plan.recipe, space={"augment": "none,crop-flip"}, trials=1)
    recipe = tmp_path / "s/trial-01/config.yaml"
    text = re.sub("augment: .*", "augment: shift", recipe.read_text())
    recipe.write_text(text)
    with pytest.raises(RunError, match="is not of this search"):
        list(search.trials(tmp_path / "s", other))


def test_failed_and_diverged_trials_have_no_value_and_end_nothing(tmp_path, recipe):
    plan = Plan(recipe=recipe.replace(epochs=1, limit_batches=5),
                space={"model_options.units": "0,8", "optimizer.learning_rate": "1e30,1e-3"},
                trials=4)  # fmt: skip
    found = list(search.trials(tmp_path / "s", plan))
    by = {(t.settings["model_options.units"], t.settings["optimizer.learning_rate"]): t
          for t in found}  # fmt: skip
    assert len(by) == 4
    assert by[0, 1e-3].status == "failed" and "could not be built" in by[0, 1e-3].problem
    assert by[8, 1e-3].status == "finished" and search.best(found, plan) is by[8, 1e-3]
    assert by[8, 1e30].status == "diverged"
    assert math.isnan(by[0, 1e-3].value) and math.isnan(by[8, 1e30].value)
    again = list(search.trials(tmp_path / "s", plan))
    np.testing.assert_equal([t.value for t in again], [t.value for t in found])


def test_values_that_exclude_each_other_are_a_failed_trial(tmp_path, recipe):
    both = {"optimizer.clipnorm": "0,1", "optimizer.clipvalue": "0,1"}
    plan = Plan(recipe=recipe.replace(epochs=1, limit_batches=2), space=both, trials=4)
    found = list(search.trials(tmp_path / "s", plan))
    (failed,) = (trial for trial in found if set(trial.settings.values()) == {1.0})
    assert failed.status == "failed" and "clip" in failed.problem and math.isnan(failed.value)
    assert [trial.status for trial in found].count("finished") == 3
    again = list(search.trials(tmp_path / "s", plan))
    assert [trial.status for trial in again] == [trial.status for trial in found]


def test_hyperbands_best_is_written_with_all_epochs(tmp_path, recipe):
    plan = Plan(recipe=recipe.replace(epochs=3, limit_batches=2), algorithm="hyperband",
                space={"optimizer.learning_rate": "1e-4..1e-2"})  # fmt: skip
    found = list(search.trials(tmp_path / "s", plan))
    assert [trial.settings["epochs"] for trial in found] == [1, 1, 1, 3, 3, 3]
    best = dlkit.Recipe.load(search.write_best(tmp_path / "s", found[0], plan))
    assert best == plan.recipe.replace(**{**found[0].settings, "epochs": 3})


def test_a_search_over_caches_goes_on(tmp_path, recipe, monkeypatch):
    monkeypatch.chdir(tmp_path)
    short = recipe.replace(epochs=1, limit_batches=2)
    plan = Plan(recipe=short, space={"cache": "memory,decoded"}, trials=2)
    found = list(search.trials("s", plan))
    assert {trial.settings["cache"] for trial in found} == {"memory", str(tmp_path / "decoded")}
    assert [trial.value for trial in search.trials("s", plan)] == [trial.value for trial in found]


def test_no_value_at_all(tmp_path, recipe):
    plan = Plan(recipe=recipe, space={"model_options.units": "0,-1"}, trials=2)
    found = list(search.trials(tmp_path / "s", plan))
    with pytest.raises(RunError, match="no trial came to a value"):
        search.best(found, plan)


def test_a_wrong_augmentation_is_told_before_any_trial(tmp_path, recipe):
    for settings, space in (({}, {"augment": "none,shfit"}), ({"augment": "shfit"}, SPACE)):
        space = {path: text for path, text in space.items() if path not in settings}
        plan = Plan(recipe=recipe.replace(**settings), space=space)
        with pytest.raises(DlkitError, match="Did you mean 'shift'"):
            list(search.trials(tmp_path / "s", plan))
    assert not (tmp_path / "s").exists()
