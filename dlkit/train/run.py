"""A run: a recipe, a folder, and what `model.fit` needs from them.

```python
run = dlkit.Run("runs/exp1", recipe=dlkit.Recipe.load("lenet5"))
model = run.build()
model.fit(run.train, validation_data=run.val, **run.fit_args())
run.evaluate()
run.report()
```
"""

import functools
import logging
import os
import pathlib
from typing import Any

import keras
import tensorflow as tf

from dlkit import registry
from dlkit.data.source import Source
from dlkit.tasks.base import Evaluation, Task
from dlkit.train import (
    atomic,
    averages,
    checkpoint,
    cluster,
    construct,
    dist,
    environment,
    evaluations,
    feeds,
    folders,
    lock,
    optimizers,
    origin,
    state,
    strict_json,
    worker_state,
)
from dlkit.train.callbacks import standard
from dlkit.train.folders import CONFIG, ENVIRONMENT, RunError
from dlkit.train.input_time import InputTime
from dlkit.train.recipe import Recipe
from dlkit.train.stream import Stream

_log = logging.getLogger(__name__)


class Run:
    """One training run and its folder.

    Args:
        folder: where everything goes; a new run makes it.
        recipe: what to train, for a new run; without it the folder's own is read.
        resume: goes on with the run in the folder, at the very step of its newest checkpoint.
        devices: where to train, see `dlkit.train.dist.strategy`; a run that goes on keeps its own.

    Raises:
        RunError: a new run would write over an old one, there is none to open, or no checkpoint of
            it can be read.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        recipe: Recipe | None = None,
        *,
        resume: bool = False,
        devices: str | int | None = None,
    ):
        self.worker = cluster.current()
        self.folder = pathlib.Path(folder)
        self.resume = resume
        if recipe is None:
            folders.check_is_run(self.folder)
            recipe = origin.recipe(self.folder)
        elif self.worker.is_chief:
            folders.check_is_free(self.folder)
        self.recipe = feeds.with_whole_paths(recipe)
        self._began_on = origin.read(self.folder) if resume else {}
        origin.keep_threads(self._began_on)
        kept = self._began_on.get("devices_asked") if len(self.worker) == 1 else None
        self.devices = devices or kept

    @functools.cached_property
    def strategy(self) -> tf.distribute.Strategy:
        """Where the model lives: `build` asks for it before anything else touches TensorFlow."""
        return dist.strategy(self.devices)

    @functools.cached_property
    def task(self) -> Task:
        """The model's kind of problem."""
        return registry.create("task", registry.model_info(self.recipe.model).task)

    @functools.cached_property
    def source(self) -> Source:
        """The dataset; made on first use."""
        return feeds.source(self.recipe)

    @functools.cached_property
    def stream(self) -> Stream:
        """The training stream: shuffled, augmented, seekable."""
        replicas = self.strategy.num_replicas_in_sync
        return feeds.training(self.recipe, self.task, self.source, replicas)

    @property
    def train(self) -> tf.data.Dataset:
        """All training batches that are still to come, over all epochs."""
        step = self._saved.step if self._saved else 0
        batches = dist.feed(self.strategy, self.stream, step, self.recipe.epochs)
        return batches if self.stream.replicas > 1 else self._waiting.of(batches)

    @functools.cached_property
    def _waiting(self) -> InputTime:
        return InputTime()

    @property
    def val(self) -> tf.data.Dataset:
        """The validation split, once, in its own order."""
        return dist.feed(self.strategy, self._val)

    @functools.cached_property
    def _val(self) -> Stream:
        return feeds.validation(self.recipe, self.source, self.strategy.num_replicas_in_sync)

    @property
    def epochs_done(self) -> int:
        """Finished epochs; 0 for a new run."""
        return self._saved.epochs_done if self._saved else 0

    def build(self) -> keras.Model:
        """The compiled model; writes `config.yaml` and `env.json` before the first step.

        Raises:
            DlkitError: the model, the data or an option is not to be had, or the data of a run that
                goes on has changed.
        """
        there = self.strategy
        if self.resume:
            self._begin()
        elif self.worker.is_chief:
            folders.check_is_free(self.folder)
        saved = self._saved
        if saved is not None and not saved.arrays:  # the best epoch's, where the others are ruined
            with there.scope():
                model = registry.load_model(saved.path / checkpoint.MODEL)
                optimizers.spare(model.optimizer, model.trainable_variables)
                dist.prepare(model)
        else:
            model = self._compiled(there)
        if saved is not None and saved.arrays:
            worker_state.restore(model, saved, self.folder / "ckpt")
        if self.resume and saved is None:
            self._check_never_saved()
            _log.warning("No checkpoint of %s was ever written: beginning anew.", self.folder)
        if saved is not None and self.worker.is_chief:
            origin.mend_status(saved, self.recipe.epochs, self.folder)
        if self._began_on:
            origin.check_data(self._began_on, self.source, self.folder)
            origin.warn_of_differences(self._began_on)
            return model
        self._begin()
        if not self.worker.is_chief:
            return model
        facts = environment.describe(model, self.recipe, self.source)
        facts |= dist.describe(there) | {"devices_asked": self.devices}
        atomic.write_text(self.folder / ENVIRONMENT, strict_json.dumps(facts))
        atomic.write_text(self.folder / CONFIG, self.recipe.to_yaml())
        return model

    @property
    def status(self) -> str:
        """`running`, `finished`, `diverged`, …; empty before any step.

        A run that says `running` while no process trains it was killed.
        """
        return folders.status(self.folder)

    def fit_args(self, profile: bool = False) -> dict[str, Any]:
        """What `model.fit` needs on top of the data, all of it arguments that Keras knows.

        Args:
            profile: whether about ten of the first steps are recorded for TensorBoard's profiler,
                in the run's `tb/`.
        """
        return {
            "epochs": self.recipe.epochs,
            "initial_epoch": self.epochs_done,
            "steps_per_epoch": self.stream.steps_per_epoch,
            **({"validation_steps": self._val.steps_per_epoch} if len(self.worker) > 1 else {}),
            "callbacks": standard.callbacks(
                self.folder,
                self.recipe,
                self.task,
                self.stream,
                self._saved,
                self.worker.index,
                self._waiting if self.stream.replicas == 1 else None,
                self._compiled,
                profile,
            ),
            "shuffle": False,  # the stream has shuffled; Keras warns of its own default otherwise
        }

    def best_model(self) -> keras.Model:
        """The model of the epoch with the best monitored value; the last where none was ever best.

        Raises:
            RunError: no epoch has finished, or no checkpoint can be read.
        """
        found = checkpoint.best(self.folder / "ckpt")
        if found is None:
            self._check_never_saved()
            raise RunError(
                f"{self.folder} has no checkpoint: it was stopped before the first was written.",
                f"Go on with it: {self.command('resume')}",
            )
        decisive = ("model", "model_options")
        origin.check_recipe(found.recipe, self.recipe, self.folder, decisive)
        if not found.arrays:
            return registry.load_model(found.path / checkpoint.MODEL)
        model = self._compiled()
        state.restore(model, found)
        averages.put(model)
        return model

    def evaluate(self, split: str | None = None, verbose: int = 0) -> Evaluation:
        """Judges the best model on a split; `test` is read here and nowhere else.

        Writes `evaluation.json` and `evaluation.npz`.

        Args:
            split: None is `test`, or `val` of data that have no other rows to judge by.
            verbose: as of `model.predict`.

        Raises:
            DataError: there is no such split.
        """
        if split is None:
            split = "test" if "test" in self.source.splits else "val"
        model = self.best_model()
        size = self.recipe.batch_size
        evaluation = self.task.evaluate(model, self.source, split, size, verbose)
        evaluations.write(self.folder, evaluation)
        return evaluation

    def predict(self, files: list[str | os.PathLike]) -> list[dict[str, Any]]:
        """What the best model says of each file."""
        return self.task.predict(self.best_model(), files)

    def report(self) -> pathlib.Path:
        """Writes `report.html` from the folder's files alone; no data is read."""
        from dlkit.train import report  # draws; a run without a report needs no matplotlib

        evaluation = evaluations.read(self.folder)
        sections = self.task.sections(evaluation) if evaluation else ()
        return report.write(self.folder, sections)

    def command(self, verb: str) -> str:
        """The command that does `verb` to this run, quoted for a shell."""
        return folders.command(verb, self.folder)

    def _begin(self) -> None:
        """Takes the folder for this process, and clears up after one that was killed in it."""
        ckpt = worker_state.folder(self.folder / "ckpt", self.worker.index)
        own = self.folder if self.worker.is_chief else ckpt
        own.mkdir(parents=True, exist_ok=True)
        self._lock = lock.acquire(own)
        atomic.recover(ckpt, *checkpoint.NAMES)

    def _compiled(self, there: tf.distribute.Strategy | None = None) -> keras.Model:
        """The recipe's model as it is before its first step; by default on one device."""
        with (there or tf.distribute.get_strategy()).scope():
            steps, done = self.stream.steps_per_epoch, self._saved.step if self._saved else 0
            model = construct.compiled(self.recipe, self.task, self.source, steps, done)
            dist.prepare(model)
        return model

    @functools.cached_property
    def _saved(self) -> checkpoint.Saved | None:
        saved = worker_state.newest(self.folder / "ckpt", self.strategy) if self.resume else None
        if saved is not None:
            origin.check_recipe(saved.recipe, self.recipe, self.folder)
        return saved

    def _check_never_saved(self) -> None:
        every = self.recipe.save_every
        origin.check_never_saved(self.folder, every, lambda: self.stream.steps_per_epoch)
