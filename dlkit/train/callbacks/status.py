"""How far a run is, and why it ended, as a small JSON file."""

import math
import os
import pathlib
import time
from collections.abc import Mapping

import keras

from dlkit.train import atomic, strict_json
from dlkit.train.callbacks.checkpoints import Checkpoints


class Status(keras.callbacks.Callback):
    """Writes `{"status", "epochs_done", "seconds", "best"}` at the start, each epoch and the end.

    The status is `running` until training ends: a file that still says so after its process is
    gone is that of an interrupted run. It ends as `finished`, as `diverged` where the loss was no
    finite number in the last epoch, or with the word of the callback that stopped it.

    Put it behind `checkpoints`.

    Args:
        path: the file.
        checkpoints: knows the epochs done and the best one.
        reasons: word -> attribute of a callback that is true once it has stopped training, as in
            `{"time limit": (time_limit, "reached")}`.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        checkpoints: Checkpoints,
        reasons: Mapping[str, tuple[keras.callbacks.Callback, str]],
    ):
        super().__init__()
        self.path = pathlib.Path(path)
        self.checkpoints = checkpoints
        self.reasons = reasons
        self.before = 0.0
        self._began = time.monotonic()
        self.diverged = False

    def get_state(self) -> dict[str, float]:
        """The seconds spent so far."""
        return {"seconds": self._seconds()}

    def set_state(self, state: dict[str, float]) -> None:
        """Counts on from there."""
        self.before = state["seconds"]

    def on_train_begin(self, logs=None):
        """Starts the clock."""
        self._began = time.monotonic()
        self.write("running")

    def on_epoch_end(self, epoch, logs=None):
        """Notes the epoch."""
        self.diverged = not math.isfinite((logs or {}).get("loss", 0.0))
        self.write("running")

    def on_train_end(self, logs=None):
        """Notes the reason of the end."""
        reasons = {"diverged": (self, "diverged"), **self.reasons}
        stopped = (word for word, (by, flag) in reasons.items() if getattr(by, flag))
        self.write(next(stopped, "finished"))

    def write(self, status: str) -> None:
        """Notes a status at once; with one that ends the run, the best epoch is saved too."""
        state = {
            "status": status,
            "epochs_done": self.checkpoints.epochs_done,
            "seconds": self._seconds(),
            "best": self.checkpoints.best,
        }
        atomic.write_text(self.path, strict_json.dumps(state))
        if status != "running":
            self.checkpoints.keep_best()

    def _seconds(self) -> float:
        return self.before + time.monotonic() - self._began
