"""The last, the one before, and the best state of a run, each written whole or not at all."""

import logging
import os
import pathlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from dlkit.train import checkpoint, replicas, state, votes
from dlkit.train.cadence import FIRST_COST, Cadence
from dlkit.train.callbacks import states
from dlkit.train.callbacks.best_epoch import BestEpoch, is_ruined

PATIENCE = 1.0  # seconds of validation that a save on a signal may wait for

_log = logging.getLogger(__name__)


class Checkpoints(keras.callbacks.Callback):
    """Saves `last/` (and keeps `prev/`) as often as asked, and before it a `best/` that is new.

    The best epoch is kept in memory until then: what is lost with it in a crash is found again,
    since the run goes on from before. `best/` has its variables' values until training ends, or a
    model's file is no great cost: see `BestEpoch`.

    With a stream, whose batches can be sought, it saves in the middle of epochs too; with other
    data at the end of epochs only, since nothing could go on elsewhere. With a loss that is no
    finite number, or a weight that is NaN, nothing is saved, and the first time it says so.

    Put it behind the callbacks that log and stop, so that their states of the same step are saved.

    Args:
        folder: where the three folders go.
        monitor: the logged value; where it is missing, every epoch counts as the best.
        mode: `max` or `min`.
        every: how often it saves: `auto`, `200steps`, `2min`, `1epoch`.
        start: the checkpoint that the run goes on from.
        steps_per_epoch: the stream's; 0 for data that cannot be sought.
        others: the callbacks whose states are part of a checkpoint.
        keeps_best: whether the best epoch is saved; of several workers the first one does it.
        recipe: what is trained, as plain values; it is noted in every checkpoint.

    Attributes:
        step: training steps done, over all epochs.
        saved_step: the step of `last`.
        epochs_done: whole epochs done.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        monitor: str = "val_loss",
        mode: str = "min",
        *,
        every: str = "auto",
        start: checkpoint.Saved | None = None,
        steps_per_epoch: int = 0,
        others: Sequence[keras.callbacks.Callback] = (),
        keeps_best: bool = True,
        recipe: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.every = Cadence.parse(every)
        self.steps_per_epoch = steps_per_epoch
        self.others = others
        self.keeps_best = keeps_best
        self._best = BestEpoch(self.folder / "best", monitor, mode, start.best if start else None)
        self.recipe = dict(recipe or {})
        self.step = self.saved_step = start.step if start else 0
        self.rows = [dict(row) for row in start.history] if start else []
        self.epochs_done = start.epochs_done if start else 0
        self._finite = True
        self._refused = False
        self._cut = False
        self._validation_seconds = float("inf")
        self._before_last_step: dict[str, Any] | None = None
        self._epoch_end: dict[str, Any] | None = None
        self._cost = FIRST_COST
        # A `last` that could not be gone on from must not push out the `prev` that was.
        self._leaves_prev = start is not None and start.path.name == "prev"
        self._mark()

    def on_train_begin(self, logs=None):
        """Counts from here to the first save."""
        self._mark()
        self._best.count_from_here()

    def on_epoch_begin(self, epoch, logs=None):
        """Finds out at which step the epoch begins."""
        self._first = self.step % self.steps_per_epoch if self.steps_per_epoch else 0
        self._epoch_began = self.step
        self._cut = False

    def on_train_batch_end(self, batch, logs=None):
        """Saves if it is time, or if the training is stopped before the epoch's end."""
        self.step = self._epoch_began + batch + 1
        self._finite = bool(np.isfinite((logs or {}).get("loss", 0.0)))
        left = self._steps_left(batch)
        self._cut = left > 0
        if not self.steps_per_epoch or left == 0:
            return
        if self.model.stop_training or self._is_due():
            self.save()
        at_once = self.model.steps_per_execution
        if left <= at_once and self._may_wait_long():
            self._before_last_step = self._content()

    def on_test_begin(self, logs=None):
        """Times the validation."""
        self._validation_began = time.monotonic()

    def on_test_end(self, logs=None):
        """Learns how long a signal may have to wait for it."""
        began = getattr(self, "_validation_began", time.monotonic())
        self._validation_seconds = time.monotonic() - began
        self._before_last_step = None

    def on_epoch_end(self, epoch, logs=None):
        """Saves the epoch, if its loss is a finite number."""
        if self._before_last_step is not None:  # and no validation came
            self._before_last_step = None
            self._validation_seconds = 0.0
        values = {name: float(value) for name, value in (logs or {}).items()}
        self._finite = self._finite and bool(np.isfinite(values.get("loss", 0.0)))
        if not self._finite:
            self._refuse("The loss is no finite number")
            return
        if self._cut:  # the epoch is yet to be finished; with a stream, the step is saved already
            if not self.resumable:
                self.save()
            return
        self.epochs_done = epoch + 1
        self.rows = [row for row in self.rows if row["epoch"] < epoch + 1]
        self.rows.append({"epoch": epoch + 1, **values})
        is_best = self._best.judge(epoch + 1, values)
        last = epoch + 1 >= (self.params or {}).get("epochs", 0) or self.model.stop_training
        is_due = last or self._is_due()
        if not (is_best or is_due) and self.resumable:
            return
        content = self._content()
        if is_best and self.keeps_best:
            self._best.hold(content)
        if last:
            self.keep_best()
        if is_due:
            self._write(content)
        elif not self.resumable:
            self._epoch_end = content

    def on_train_end(self, logs=None):
        """Leaves the best epoch as a model's file."""
        self.keep_best()

    def save(self) -> bool:
        """Saves `last` as it is now; False where the loss is no finite number."""
        if not self._finite:
            return self._refuse("The loss is no finite number")
        return self._write(self._content())

    def save_in_validation(self) -> bool:
        """Saves the step before the epoch's last; False where the validation is short anyway."""
        content = self._before_last_step
        return content is not None and self._finite and self._write(content)

    def save_epoch(self) -> bool:
        """Saves the last whole epoch, if it is one to go on from; False where it is saved."""
        return self._epoch_end is not None and self._write(self._epoch_end)

    def keep_best(self) -> None:
        """Sees to it that `best/` has the best epoch as a model's file."""
        if self.keeps_best:
            self._best.finish(self.model)

    @property
    def best(self) -> Mapping[str, Any] | None:
        """Epoch, name and value of the best epoch so far; None before."""
        return self._best.found

    @property
    def resumable(self) -> bool:
        """Whether a run can go on from the middle of an epoch."""
        return bool(self.steps_per_epoch)

    def _steps_left(self, batch: int) -> int:
        whole = self.steps_per_epoch or (self.params or {}).get("steps") or 0
        return max(0, whole - self._first - batch - 1)

    def _may_wait_long(self) -> bool:
        """Whether a signal may come in a long validation; of several workers no clock decides."""
        return votes.of(self.model).shared or self._validation_seconds > PATIENCE

    def _facts(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "epochs_done": self.epochs_done,
            "best": self._best.found,
            "history": self.rows,
            "callbacks": states.collect(self.others),
            "workers": len(replicas.workers(self.model.distribute_strategy)),
            "recipe": self.recipe,
        }

    def _content(self) -> dict[str, Any]:
        return {"facts": self._facts(), "arrays": state.capture(self.model)}

    def _write(self, content: dict[str, Any]) -> bool:
        if is_ruined(content):
            return self._refuse("A weight is NaN")
        began = time.monotonic()
        self._best.write(self.model)
        keep = None if self._leaves_prev else self.folder / "prev"
        checkpoint.write(self.folder / "last", **content, keep=keep)
        self._leaves_prev = False
        self.saved_step = content["facts"]["step"]
        self._epoch_end = None
        self._cost = time.monotonic() - began
        self._mark()
        return True

    def _refuse(self, reason: str) -> bool:
        if not self._refused:
            _log.warning("%s: the checkpoint before is kept, and nothing is saved.", reason)
        self._refused = True
        return False

    def _is_due(self) -> bool:
        due = self.every.due(
            steps=self.step - self._at_step,
            seconds=time.monotonic() - self._at_time,
            epochs=self.epochs_done - self._at_epoch,
            cost=self._cost,
        )
        is_timed = self.every.unit in ("seconds", "auto")
        return votes.of(self.model).together("save", due) if is_timed else due

    def _mark(self) -> None:
        self._at_step, self._at_time = self.step, time.monotonic()
        self._at_epoch = self.epochs_done
