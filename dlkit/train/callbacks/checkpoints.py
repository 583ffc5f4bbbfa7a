"""The last, the one before, and the best model of a run, each written whole or not at all."""

import json
import os
import pathlib
from typing import Any

import keras

from dlkit.train import atomic


class Checkpoints(keras.callbacks.Callback):
    """Saves `last/` (and keeps `prev/`) after every epoch, and `best/` when the value is best.

    Each folder holds `model.keras`, optimizer included, and `state.json` with the epoch and the
    monitored values. A tie goes to the later epoch: on small validation splits ties are common,
    and later epochs have the lower learning rate.

    Args:
        folder: where the three folders go.
        monitor: the logged value; where it is missing, every epoch counts as the best.
        mode: `max` or `min`.
        best: epoch and value so far, when a run goes on.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        monitor: str = "val_loss",
        mode: str = "min",
        best: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.monitor = monitor
        self.sign = 1 if mode == "max" else -1
        self.best = best

    def on_epoch_end(self, epoch, logs=None):
        """Saves the epoch."""
        value = (logs or {}).get(self.monitor)
        value = None if value is None else float(value)
        if self._is_best(value):
            self.best = {"epoch": epoch + 1, "monitor": self.monitor, "value": value}
            self._save(self.folder / "best", epoch)
        self._save(self.folder / "last", epoch, keep=self.folder / "prev")

    def _is_best(self, value: float | None) -> bool:
        if self.best is None or self.best["value"] is None:
            return value == value  # the first one, unless it is not a number
        return value is not None and self.sign * value >= self.sign * self.best["value"]

    def _save(self, path: pathlib.Path, epoch: int, keep: pathlib.Path | None = None) -> None:
        with atomic.folder(path, keep) as aside:
            self.model.save(aside / "model.keras")
            state = {"epochs_done": epoch + 1, "best": self.best}
            (aside / "state.json").write_text(json.dumps(state), encoding="utf-8")
