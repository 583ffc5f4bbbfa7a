"""What makes any training resumable: callbacks around those that one has."""

import os
import pathlib
from typing import Any

import keras

from dlkit.registry.errors import UsageError
from dlkit.train import atomic, checkpoint, lock
from dlkit.train.callbacks.checkpoints import Checkpoints
from dlkit.train.callbacks.ema import EMA
from dlkit.train.callbacks.interrupts import Interrupts
from dlkit.train.callbacks.resume import Resume
from dlkit.train.callbacks.status import Status


def resumable(
    folder: str | os.PathLike,
    *callbacks: keras.callbacks.Callback,
    monitor: str = "val_loss",
    mode: str = "auto",
    every: str = "auto",
) -> list[keras.callbacks.Callback]:
    """Callbacks for a model and data of one's own: killed at any moment, `fit` goes on.

    Run again, the same lines go on after the last whole epoch, with the weights, the optimizer, the
    seeds and the callbacks as they were. Where the optimizer keeps averages of the weights
    (`use_ema=True`), it is they that are validated, and kept as the best.

    `EarlyStopping` keeps its patience, and takes the weights that it restores from `best/` where
    that is of the epoch which it took for the best; else it says so. A training that it has ended
    trains no further, unless its patience is larger.

    Args:
        folder: where `last/`, `prev/` and `best/` go; one process at a time trains in it.
        *callbacks: those whose states belong to the run, such as `EarlyStopping`.
        monitor: the logged value that tells the best epoch.
        mode: `max`, `min`, or `auto`: `max` for accuracies and other shares, `min` for the rest.
        every: how often to save: `auto`, `1epoch`, `10min`; at the end of epochs only.

    Returns:
        The callbacks for `fit`. It needs no `initial_epoch`; the first one's `epochs_done` tells
        after how many epochs it goes on.

    Raises:
        RunError: no checkpoint of the folder can be read, or another process trains in it.
        UsageError: something given is no callback, or `mode` is none of these.

    Example:
        >>> callbacks = resumable("runs/mine", keras.callbacks.EarlyStopping(patience=3))
        >>> model.fit(x, y, epochs=20, callbacks=callbacks)
    """
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise UsageError(
                f"{callback!r} is no Keras callback.",
                "Give them one by one: resumable(folder, EarlyStopping(), …)",
            )
    if mode == "auto":
        from dlkit.plots import labels  # which loads what draws

        mode = "max" if labels.is_share(monitor) else "min"
    folder = pathlib.Path(folder)
    alone = _Alone(folder)
    atomic.recover(folder, *checkpoint.NAMES)
    saved = checkpoint.newest(folder)
    checkpoints = Checkpoints(folder, monitor, mode, every=every, start=saved, others=callbacks)
    swaps = any(isinstance(one, EMA | keras.callbacks.SwapEMAWeights) for one in callbacks)
    averaged = [] if swaps else [EMA()]
    return around(saved, [*averaged, *callbacks, alone], checkpoints)


class _Alone(keras.callbacks.Callback):
    """Keeps other processes out of a folder, until training ends."""

    def __init__(self, folder: pathlib.Path):
        super().__init__()
        self.folder = folder
        self._take()

    def on_train_begin(self, logs=None):
        """Takes the folder again, for a further `fit`."""
        self._take()

    def on_train_end(self, logs=None):
        """Gives it back."""
        self._lock.release()

    def _take(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock.acquire(self.folder)


def around(
    saved: checkpoint.Saved | None,
    callbacks: Any,
    checkpoints: Checkpoints,
    *,
    batch_spec: Any = None,
    go_on: str = "run the same lines again",
    status: Status | None = None,
) -> list[keras.callbacks.Callback]:
    """`Resume`, the callbacks, `checkpoints` and `Interrupts`, in the order that they need."""
    resume = Resume(
        saved,
        checkpoints.others,
        steps_per_epoch=checkpoints.steps_per_epoch,
        batch_spec=batch_spec,
    )
    last = [status] if status else []
    return [resume, *callbacks, checkpoints, *last, Interrupts(checkpoints, go_on, status)]
