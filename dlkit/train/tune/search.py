"""A search: one run after the other, each in a folder beside the plan."""

import dataclasses
import math
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from dlkit import registry
from dlkit.data import augment
from dlkit.registry.errors import DlkitError
from dlkit.tasks.base import Task
from dlkit.train import atomic, history, lock, tracking
from dlkit.train.folders import CONFIG, RunError
from dlkit.train.recipe import Recipe
from dlkit.train.run import Run
from dlkit.train.tune import adviser
from dlkit.train.tune.plan import Plan
from dlkit.train.tune.space import Choice, value_at

BEST = "best.yaml"

_GO_ON = ("", "running", "interrupted")  # the states of a run that is not at its end


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of a search.

    Attributes:
        folder: the run's.
        settings: what the search chose for it, by path.
        value: the best monitored value on the validation split; NaN before there is one, and where
            the run failed or diverged.
        status: as the run wrote it, or `failed`.
        seconds: how long it trained.
        problem: why it failed.
    """

    folder: pathlib.Path
    settings: Mapping[str, Any]
    value: float = math.nan
    status: str = ""
    seconds: float = math.nan
    problem: str = ""


def trials(
    folder: str | os.PathLike, plan: Plan, began: Callable[[Trial], None] | None = None
) -> Iterator[Trial]:
    """Runs a search to its end, or goes on with it, and gives each trial as it is done.

    Only the validation split judges. The trials' folders are all that a search remembers: one that
    is done is read, one that was interrupted goes on at its step, the others are trained.

    Keras' global state is cleared before each trial, for the memory's sake.

    Args:
        folder: where the trials' folders are, or will be.
        plan: the search.
        began: is told of each trial before it is trained.

    Raises:
        MissingExtra: keras-tuner is not installed.
        RunError: another process is at it, or a trial is not of this search.
        DlkitError: see `check`.
    """
    check(plan)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    held = lock.acquire(folder)
    mode, epochs = task(plan).mode, plan.recipe.epochs
    asked = adviser.Adviser(plan.algorithm, plan.dimensions, mode, plan.trials, plan.seed, epochs)
    try:
        for number in range(1, plan.trials + 1):
            settings = asked.ask()
            if settings is None:  # a small space is through, and Hyperband has its own end
                return
            path = folder / f"trial-{number:02d}"
            settings |= _recorded(path, plan, settings)
            if began:
                began(Trial(path, settings))
            done = _trained(path, plan.recipe, settings)
            asked.tell(done.value, settings)
            yield done
    finally:
        asked.close()
        held.release()


def best(found: Sequence[Trial], plan: Plan) -> Trial:
    """The trial with the best value; of equal ones the first.

    Raises:
        RunError: none came to a value.
    """
    judged = [trial for trial in found if math.isfinite(trial.value)]
    if not judged:
        reasons = dict.fromkeys(trial.problem.rstrip(".") or trial.status for trial in found)
        raise RunError(
            f"no trial came to a value: {'; '.join(reasons) or 'there was none'}.",
            "See that the recipe trains by itself: dlkit train -c RUN/recipe.yaml",
        )
    sign = 1 if task(plan).mode == "max" else -1
    return max(judged, key=lambda trial: sign * trial.value)


def write_best(folder: str | os.PathLike, trial: Trial, plan: Plan) -> pathlib.Path:
    """Writes the trial's whole recipe as `best.yaml`, with the epochs that Hyperband cut short."""
    recipe = Recipe.from_yaml(trial.folder / CONFIG)
    if plan.algorithm == "hyperband":
        recipe = recipe.replace(epochs=plan.recipe.epochs)
    return atomic.write_text(pathlib.Path(folder) / BEST, recipe.to_yaml())


def task(plan: Plan) -> Task:
    """The kind of problem, which says what is monitored and which way it is better."""
    return registry.create("task", registry.model_info(plan.recipe.model).task)


def check(plan: Plan) -> None:
    """Looks for what a trial would only miss when it is its turn.

    Raises:
        MissingExtra: a package is not installed.
        DlkitError: there is no such model, dataset or augmentation.
    """
    adviser.check()
    tracking.around(".", plan.recipe)
    registry.find("dataset", plan.recipe.dataset)
    names = [plan.recipe.augment]
    for dimension in plan.dimensions:
        if isinstance(dimension, Choice) and dimension.path == "augment":
            names = dimension.values
    for name in names:
        augment.find(name)


def _recorded(path: pathlib.Path, plan: Plan, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a trial that was begun is trained with, whatever is drawn for it now."""
    if not (path / CONFIG).exists():
        return {}
    recipe = Recipe.from_yaml(path / CONFIG)
    found = {name: value_at(recipe, name) for name in settings}
    for dimension in plan.dimensions:
        value = found[dimension.path]
        if isinstance(dimension, Choice) and value not in dimension.values:
            raise RunError(
                f"{path} is not of this search: its {dimension.path} is {value!r}, and the search "
                f"chooses from {', '.join(map(str, dimension.values))}.",
                f"Move it away: mv {path} ..",
            )
    return found


def _trained(path: pathlib.Path, recipe: Recipe, settings: Mapping[str, Any]) -> Trial:
    """Trains one trial to its end, as far as it is not there yet."""
    keras.utils.clear_session()
    try:
        recipe = recipe.replace(**settings)  # values may exclude each other
        run = Run(path, resume=True) if (path / CONFIG).exists() else Run(path, recipe)
        if run.status in _GO_ON:
            model = run.build()
            with tracking.around(path, run.recipe):
                model.fit(run.train, validation_data=run.val, verbose=0, **run.fit_args())
    except (DlkitError, tf.errors.ResourceExhaustedError) as error:
        status = "diverged" if history.read(path).status == "diverged" else "failed"
        return Trial(path, settings, status=status, problem=str(error).splitlines()[0])
    record = history.read(path)
    value = math.nan if record.status == "diverged" else record.best
    return Trial(path, settings, value, record.status, record.seconds)
