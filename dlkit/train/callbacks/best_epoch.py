"""The best epoch of a run, from the first figure that beats all others to a model's file."""

import logging
import os
import pathlib
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from dlkit.registry.errors import UsageError
from dlkit.train import averages, checkpoint, state
from dlkit.train.cadence import SHARE

FIRST_COST = 0.3  # seconds that a model's file is taken to need before one was ever written

_log = logging.getLogger(__name__)


class BestEpoch:
    """Knows which epoch is the best, and keeps it: in memory, then as `best/`.

    The variables' values, `state.npz`, are written in a fraction of the time that a whole model's
    file takes, a tenth for ResNet-20. So `write` leaves the values, and makes `model.keras` of them
    as seldom as that takes no more than half a percent of the time. `finish` makes it of what is
    there.

    A tie goes to the later epoch: on small validation splits ties are common, and later epochs have
    the lower learning rate.

    Args:
        path: the folder that it makes.
        monitor: the logged value; where it is missing, every epoch counts as the best.
        mode: `max` or `min`.
        found: the best epoch so far, of a run that goes on.

    Attributes:
        found: epoch, name and value of the best epoch so far; None before.

    Raises:
        UsageError: `mode` is neither.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        monitor: str,
        mode: str,
        found: Mapping[str, Any] | None = None,
    ):
        self.path = pathlib.Path(path)
        if mode not in ("max", "min"):
            raise UsageError(f"mode is 'max' or 'min', not {mode!r}.", "Say which is better")
        self.monitor = monitor
        self.sign = 1 if mode == "max" else -1
        self.found = found
        self._content: dict[str, Any] | None = None
        self._has_file = True  # until Keras is found unable to write the model
        self._cost = FIRST_COST
        self.count_from_here()

    def count_from_here(self) -> None:
        """Training begins: a model's file is due no sooner than as if one was written now."""
        self._written = time.monotonic()

    def judge(self, epoch: int, logs: Mapping[str, float]) -> bool:
        """Whether an epoch, counted from 1, is the best so far; it is `found` from then on."""
        value = logs.get(self.monitor)
        if value is None and self.found is None:
            _log.warning(
                "There is no %s among %s: the last epoch counts as the best.",
                self.monitor, ", ".join(logs) or "what is logged",
            )  # fmt: skip
        if self.found is None or self.found["value"] is None:
            is_best = value == value  # the first one, unless it is not a number
        else:
            is_best = value is not None and self.sign * value >= self.sign * self.found["value"]
        if is_best:
            self.found = {"epoch": epoch, "monitor": self.monitor, "value": value}
        return is_best

    def hold(self, content: dict[str, Any]) -> None:
        """Keeps the best epoch's facts and arrays until they are written."""
        self._content = content

    def write(self, model: keras.Model) -> None:
        """Writes what is held; as a model's file, if it is time for one."""
        if (time.monotonic() - self._written) * SHARE >= self._cost:
            self.finish(model)
        else:
            self._write_values(self._sound())

    def finish(self, model: keras.Model) -> None:
        """Sees to it that the best epoch is a model's file, whatever the model has come to since.

        A checkpoint that was damaged meanwhile, or a model that Keras cannot write, is left as its
        values, and said to be.
        """
        held = self._sound()
        if self._has_file:
            content = self._left() if held is None else held
            if content is not None:
                self._write_model(model, content)
        if not self._has_file:
            self._write_values(held)

    def _write_model(self, model: keras.Model, content: Mapping[str, Any]) -> None:
        began = time.monotonic()
        try:
            with state.values(model, content["arrays"]), averages.applied(model):
                checkpoint.write(self.path, content["facts"], model=model)
            self._content = None
        except OSError:  # the disk is at fault, and not the model
            raise
        except Exception as error:  # noqa: BLE001 (layers raise what they like)
            self._has_file = False
            reason = str(error).strip().partition("\n")[0]
            _log.warning("%s stays as values, since the model has no file: %s", self.path, reason)
        self._written = time.monotonic()
        self._cost = self._written - began

    def _write_values(self, held: Mapping[str, Any] | None) -> None:
        if held is not None:
            checkpoint.write(self.path, **held)
            self._content = None

    def _left(self) -> dict[str, Any] | None:
        """What `best/` has, if that is values; None where they were damaged."""
        if not (self.path / checkpoint.ARRAYS).exists():
            return None
        try:
            saved = checkpoint.read(self.path)
        except checkpoint.Damaged as damaged:
            _log.warning("%s. No model's file is made of it.", damaged)
            return None
        return {"facts": saved.facts, "arrays": saved.arrays}

    def _sound(self) -> dict[str, Any] | None:
        """What is held, if it is worth a file."""
        held = self._content
        return None if held is None or is_ruined(held) else held


def is_ruined(content: Mapping[str, Any]) -> bool:
    """Whether a weight is NaN, which ReLU turns into 0, so that the loss may be finite still.

    Metrics may be NaN for the validation's data alone.
    """
    return any(
        np.isnan(value).any()
        for key, value in content["arrays"].items()
        if value.dtype.kind == "f" and not key.startswith("metrics/")
    )
