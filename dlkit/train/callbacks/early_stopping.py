"""What Keras' `EarlyStopping` does not know in a new process: that it stopped, and its weights."""

import logging
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from dlkit.train import checkpoint, state
from dlkit.train.callbacks import states

_log = logging.getLogger(__name__)


def has_stopped(
    callbacks: Iterable[keras.callbacks.Callback], saved: Mapping[str, Any], epochs_done: int
) -> bool:
    """Whether one of them ended training after its last epoch, and with its patience would again.

    Args:
        callbacks: as they are now.
        saved: the states of their likes, as `states.collect` found them.
        epochs_done: whole epochs done.
    """
    return any(
        found.get("stopped_epoch", 0) == epochs_done - 1 > 0
        and found.get("wait", 0) >= callback.patience
        for callback, found in states.pairs(callbacks, saved)
        if isinstance(callback, keras.callbacks.EarlyStopping)
    )


def give_weights(
    callbacks: Iterable[keras.callbacks.Callback], model: keras.Model, folder: pathlib.Path
) -> None:
    """Gives those that restore the best weights those of `best/`, if it is of the same epoch.

    Where it is not, or cannot be read, a warning says what will be restored.

    Args:
        callbacks: with their states.
        model: that is trained; its values are the same afterwards.
        folder: where `best/` is.
    """
    for callback in callbacks:
        if (
            isinstance(callback, keras.callbacks.EarlyStopping)
            and callback.restore_best_weights
            and callback.best is not None
            and callback.best_weights is None
        ):
            try:
                callback.best_weights = _weights(model, folder / "best", callback.best_epoch + 1)
            except (checkpoint.Damaged, OSError, ValueError) as error:
                _log.warning(
                    "EarlyStopping restores the best of the epochs from here on alone. Its best "
                    "was epoch %d, and %s.", callback.best_epoch + 1, error,
                )  # fmt: skip


def _weights(model: keras.Model, path: pathlib.Path, epoch: int) -> list[Any]:
    if not path.exists():
        raise checkpoint.Damaged(f"there is no {path}")
    saved = checkpoint.read(path)
    if saved.epochs_done != epoch:
        raise checkpoint.Damaged(f"{path} is of epoch {saved.epochs_done}")
    with state.values(model, saved.arrays):
        if not saved.arrays:
            model.load_weights(path / checkpoint.MODEL)
        return model.get_weights()
