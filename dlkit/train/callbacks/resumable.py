"""What makes any training resumable: callbacks around those that one has."""

import os
import pathlib
from typing import Any

import keras

from dlkit.train import atomic, checkpoint
from dlkit.train.callbacks.checkpoints import Checkpoints
from dlkit.train.callbacks.interrupts import Interrupts
from dlkit.train.callbacks.resume import Resume
from dlkit.train.callbacks.status import Status


def resumable(
    folder: str | os.PathLike,
    *callbacks: keras.callbacks.Callback,
    monitor: str = "val_loss",
    mode: str = "min",
    every: str = "auto",
) -> list[keras.callbacks.Callback]:
    """Callbacks for a model and data of one's own: killed at any moment, `fit` goes on.

    Run again, the same lines go on after the last whole epoch, with the weights, the optimizer, the
    seeds and the callbacks as they were.

    Args:
        folder: where `last/`, `prev/` and `best/` go.
        *callbacks: those whose states belong to the run, such as `EarlyStopping`.
        monitor: the logged value that tells the best epoch.
        mode: `max` or `min`.
        every: how often to save: `auto`, `1epoch`, `10min`; at the end of epochs only.

    Returns:
        The callbacks for `fit`; the first one's `epochs_done` is its `initial_epoch`.

    Raises:
        RunError: no checkpoint of the folder can be read.

    Example:
        >>> callbacks = resumable("runs/mine", keras.callbacks.EarlyStopping(patience=3))
        >>> begin = callbacks[0].epochs_done
        >>> model.fit(x, y, epochs=20, initial_epoch=begin, callbacks=callbacks)
    """
    folder = pathlib.Path(folder)
    atomic.recover(folder, *checkpoint.NAMES)
    saved = checkpoint.newest(folder)
    checkpoints = Checkpoints(folder, monitor, mode, every=every, start=saved, others=callbacks)
    return around(saved, callbacks, checkpoints)


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
