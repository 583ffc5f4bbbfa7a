"""Going on from a checkpoint under plain `model.fit`."""

import logging
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.train import checkpoint, state
from dlkit.train.callbacks import early_stopping, states
from dlkit.train.folders import RunError

_log = logging.getLogger(__name__)


class Resume(keras.callbacks.Callback):
    """Restores a checkpoint when training begins, and lets its epoch end where it would have.

    It does so in the first `fit`, which begins after the whole epochs that are done and needs no
    `initial_epoch`; a further one goes on from the model as it is. It has to be the first callback:
    every variable is restored once the others and Keras have reset theirs. With a stream the
    batches go on at the very step, and the run ends as if it had never stopped, to the bit on the
    same machine. With other data it goes on after the last whole epoch, and says so.

    Args:
        saved: the checkpoint; None begins anew, and the callback does nothing.
        others: the callbacks that get their states back.
        steps_per_epoch: the stream's; 0 for data that cannot be sought.
        batch_spec: `tf.TensorSpec`s of a batch, as the stream gives it. Metrics have no variables
            before they have seen one.

    Attributes:
        epochs_done: whole epochs done in the checkpoint.

    Raises:
        RunError: out of `fit`, before a step: the model has no weights yet, or no epoch was done
            and `initial_epoch` is another.
    """

    def __init__(
        self,
        saved: checkpoint.Saved | None,
        others: Sequence[keras.callbacks.Callback] = (),
        *,
        steps_per_epoch: int = 0,
        batch_spec: Any = None,
    ):
        super().__init__()
        self.saved = saved
        self.others = others
        self.steps_per_epoch = steps_per_epoch
        self.batch_spec = batch_spec
        self.epochs_done = saved.epochs_done if saved else 0
        self._pending = saved is not None
        self._stops_epoch = False

    def on_train_begin(self, logs=None):
        """Restores the model: also where no epoch is left to train."""
        if not self._pending:
            return
        if not self.model.built:
            raise RunError(
                f"{self.saved.path} cannot be restored: the model has no weights yet.",
                "Begin it with keras.Input(shape), or call it once before fit: model(x[:1])",
            )
        if self.saved.arrays:
            self._build_metrics()
            state.restore(self.model, self.saved)
        epochs = self.epochs_done
        if early_stopping.has_stopped(self.others, self.saved.callbacks, epochs):
            _log.warning("EarlyStopping ended this training after epoch %d: none is left.", epochs)
            epochs = max(epochs, self.params["epochs"])
        elif not self.steps_per_epoch:
            _log.warning(
                "Going on after epoch %d, the last whole one: data that is no dlkit stream "
                "cannot be sought, and its order is drawn anew.", self.epochs_done,
            )  # fmt: skip
        self._begin_after(epochs)

    def on_epoch_begin(self, epoch, logs=None):
        """In the first epoch restores all again, after Keras has reset the metrics."""
        if not self._pending:
            return
        self._begin_after(None)
        if epoch != self.epochs_done:  # Keras takes a 0 for not told, and `initial_epoch` counts
            raise RunError(
                f"fit begins after {epoch} epochs, and {self.saved.path} goes on after "
                f"{self.epochs_done}.",
                "Say it to fit: initial_epoch=callbacks[0].epochs_done",
            )
        self._pending = False
        done = self.saved.step - epoch * self.steps_per_epoch if self.steps_per_epoch else 0
        if self.saved.arrays:  # at an epoch's end they hold the validation's metrics
            state.restore(self.model, self.saved, metrics=done > 0)
        self._hand_out()
        self._restore_history()
        self._last_batch = self.steps_per_epoch - done - 1 if done else math.inf

    def on_train_batch_end(self, batch, logs=None):
        """Ends the resumed epoch where the undisturbed one ends."""
        if batch >= getattr(self, "_last_batch", math.inf):
            self._stops_epoch = not self.model.stop_training
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        """Lets the next epoch begin."""
        self._last_batch = math.inf
        if self._stops_epoch:
            self._stops_epoch = False
            self.model.stop_training = False

    def on_train_end(self, logs=None):
        """A further `fit` is another training."""
        if self._pending:  # no epoch was left
            self._hand_out()
            self._restore_history()
        self._pending = False
        self._begin_after(None)

    def _begin_after(self, epochs: int | None) -> None:
        """Has `fit` begin there, by what Keras' own `BackupAndRestore` uses; None: as it is told.

        Keras reads it whenever training begins, so it must not outlive the `fit` it was meant for.
        """
        self.model._initial_epoch = epochs

    def _hand_out(self) -> None:
        states.hand_out(self.others, self.saved.callbacks)
        early_stopping.give_weights(self.others, self.model, self.saved.path.parent)

    def _build_metrics(self) -> None:
        keys = [key for key in self.saved.arrays if "@" not in key]  # replicas of the others
        saved = sum(key.startswith("metrics/") for key in keys)
        if self.batch_spec is not None and len(self.model.metrics_variables) < saved:
            batch = tf.nest.map_structure(
                lambda spec: np.zeros((1, *spec.shape[1:]), spec.dtype.as_numpy_dtype),
                self.batch_spec,
            )
            self.model.test_on_batch(*batch)

    def _restore_history(self) -> None:
        history = self.model.history
        rows = [{k: math.nan if v is None else v for k, v in row.items()}
                for row in self.saved.history]  # fmt: skip
        history.epoch = [row["epoch"] - 1 for row in rows]
        names = dict.fromkeys(name for row in rows for name in row if name != "epoch")
        history.history = {name: [row[name] for row in rows if name in row] for name in names}
