"""What went wrong when a loss or a weight is no finite number any more."""

import functools
import math
import os
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dlkit.train import cluster, stepwise, votes
from dlkit.train.callbacks.status import Status
from dlkit.train.nan import batches, copies, files, numbers, questions, rewind
from dlkit.train.nan.cause import Cause, Diverged
from dlkit.train.nan.moment import Moment

ROOM = 256e6  # bytes of past batches that are kept of data that cannot be sought


class NaNReport(keras.callbacks.Callback):
    """Ends training at the step that comes to NaN or infinity, and says what caused it.

    The loss is looked at after every step. Weights are looked at now and then and at the end: ReLU
    and softmax turn NaN into plain numbers, so that a ruined model can go on with a finite loss.
    The failing step is then run again, eagerly and layer by layer, and the folder gets
    `report.json`, `report.txt` and the batch as `batch.npz`. The model is left as it was before
    that step.

    It works with any model and data under plain `fit`. With a stream nothing is kept but a copy
    of the variables; with other data the newest batches are kept too. It costs about half a percent
    of the time, and memory for one copy of all variables. Several workers, which have to agree,
    look after every epoch.

    Put it before the callbacks that save.

    Args:
        folder: where the report goes; one that stands there is replaced.
        stream: the training data, where it can be sought: `stream.dataset(start_step, epochs)`.
        first_step: the steps that were done before, where a run goes on.
        status: is told that the run diverged.
        alone: for a model with several replicas, which needs a stream: makes the same model on one
            device, on which the step is looked into.

    Raises:
        Diverged: out of `fit`; its `cause` is what was found.

    Example:
        >>> model.fit(x, y, epochs=5, callbacks=[NaNReport("nan")])
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        stream: batches.Stream | None = None,
        *,
        first_step: int = 0,
        status: Status | None = None,
        alone: Callable[[], keras.Model] | None = None,
    ):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.stream = stream
        self.first_step = first_step
        self.status = status
        self.alone = alone
        self.step = first_step

    def on_train_begin(self, logs=None):
        """Begins to watch."""
        self.step = self.first_step
        if self.stream is None:
            past = batches.Kept(self.step, ROOM)
        else:
            past = batches.Sought(self.stream, (self.params or {}).get("epochs", 1))
        self._rewind = rewind.Rewind(self.model, past, self.step)
        _build_optimizer(self.model)
        self._awaited, self._looked = False, self.step
        self._began = {}
        self._function = _unwrapped(self.model.train_function)
        self.model.train_function = self._watched(self._function, past)

    def on_epoch_begin(self, epoch, logs=None):
        """Notes where the epoch begins."""
        self._began[self.step] = epoch
        self._epoch_began = self.step

    def on_train_batch_begin(self, batch, logs=None):
        """Copies the state, if it is time."""
        if self._rewind.due():
            self._mark(apart=True)
        self._awaited = True

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the loss."""
        self.step = self._epoch_began + batch + 1
        if not _are_finite(logs):
            self._end(self.step - 1)

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the weights if it is time, and after the last epoch, before they are saved."""
        due = self._rewind.due()
        last = epoch + 1 >= (self.params or {}).get("epochs", 1)
        if due or last or votes.of(self.model).shared:
            self._mark(copy=due)

    def on_train_end(self, logs=None):
        """Gives the model its function back, and looks once more where training ended early."""
        self.model.train_function = self._function
        if self._looked != self.step:
            self._mark(copy=False)

    def _watched(self, function: Callable, past: batches.Sought | batches.Kept) -> Callable:
        """`fit`'s function of a step; where batches have to be kept, they are fetched outside.

        A `fit` that an error ended leaves it behind; it does nothing more in a training that this
        callback is not told of.
        """

        def watched(iterator: Any) -> Any:
            if not self._awaited:
                return function(iterator)
            self._awaited = False
            if isinstance(past, batches.Kept) and self.model.steps_per_execution == 1:
                batch = next(iterator)
                past.note(batch)
                iterator = iter((batch,))
            try:
                return function(iterator)
            except tf.errors.InvalidArgumentError as error:
                if votes.of(self.model).shared:
                    raise  # the other workers wait for this one, and fail too
                self._end(self.step, error)

        watched.of = function
        return watched

    def _mark(self, copy: bool = True, apart: bool = False) -> None:
        """Copies the state; ends training, if it is ruined.

        Args:
            copy: whether it is copied, or only looked at.
            apart: whether other workers do not do the same in this step. No worker may end alone.
        """
        self._looked = self.step
        ruined = _gave_up_scaling(self.model.optimizer) or self._rewind.mark(self.step, copy)
        if ruined and not (apart and votes.of(self.model).shared):
            self._end(max(self.first_step, self.step - 1))

    def _end(self, step: int, error: Exception | None = None) -> None:
        """Finds the cause, writes the report and ends training."""
        self.model.train_function = self._function
        if not cluster.current().is_chief:
            raise Diverged(self._told(step), "See what its first worker found")
        model, past, at_once = self.model, self._rewind, self.model.steps_per_execution
        if self.alone is not None:
            model = self.alone()
            model.make_train_function()
            past = past.onto(model)
        with stepwise.single_steps(model):
            moment = past.find(functools.partial(_trained, model), step, error, at_once)
            cause, seen = _asked(moment)
        if error is not None and cause.kind == "unknown":
            raise error
        files.write(self.folder, cause, moment, seen)
        if self.status:
            self.status.write("diverged")
        told = f"{self._told(moment.step)}: {cause}. See {self.folder / 'report.txt'}"
        found = Diverged(told, cause.fix)
        found.cause = cause
        raise found

    def _told(self, step: int) -> str:
        after = numbers.count(step, "step")
        epoch = max(epoch for began, epoch in self._began.items() if began <= step)
        return f"training diverged after {after}, in epoch {epoch + 1}"


def _build_optimizer(model: keras.Model) -> None:
    """Lets a copy from before the first step have what the optimizer begins with.

    Where a model has several, only their training step knows which weights each is for.
    """
    optimizer = model.optimizer
    if (
        copies.optimizers(model) == [optimizer]
        and not optimizer.built
        and model.trainable_variables
    ):
        with model.distribute_strategy.scope():
            optimizer.build(model.trainable_variables)


def _trained(model: keras.Model, batch: Any) -> float:
    """Trains on a batch; the first of its losses, or that which is no finite number."""
    model.reset_metrics()
    logs = model.train_function(iter((batch,)))
    losses = [float(value) for name, value in logs.items() if "loss" in name]
    return next((loss for loss in losses if not math.isfinite(loss)), losses[0] if losses else 0)


def _asked(moment: Moment) -> tuple[Cause, Any]:
    try:
        return questions.ask(moment)
    except Exception as error:  # noqa: BLE001 (that training diverged has to be told all the same)
        return questions.not_looked_into(error), None


def _gave_up_scaling(optimizer: Any) -> bool:
    """Whether float16's loss scale fell below 1: no step had finite gradients for long."""
    scale = getattr(optimizer, "dynamic_scale", None)
    return scale is not None and float(keras.ops.convert_to_numpy(scale)) < 1


def _are_finite(logs: dict[str, Any] | None) -> bool:
    return all(math.isfinite(value) for name, value in (logs or {}).items() if "loss" in name)


def _unwrapped(function: Callable) -> Callable:
    """The function itself, where an earlier training was broken off under our own."""
    return getattr(function, "of", function)
