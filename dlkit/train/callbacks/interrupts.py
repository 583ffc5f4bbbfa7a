"""SIGTERM and Ctrl-C: saved within a step, then training ends."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

import keras

from dlkit.train import votes
from dlkit.train.callbacks.checkpoints import Checkpoints
from dlkit.train.callbacks.status import Status

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended training in good order."""


class Terminated(SystemExit):
    """SIGTERM ended training in good order; the exit code is 143, as shells have it."""


class Interrupts(keras.callbacks.Callback):
    """Saves on SIGTERM or SIGINT at the end of the step, says how to go on, and ends `fit`.

    A second signal of the kind ends the process at once, and so does one that comes while this
    model is not training, or after its last step, once all callbacks are done. A signal that the
    process ignores, as a job in the background ignores Ctrl-C, stays ignored. While a validation is
    under way it waits for its end if that is a matter of a second, else it saves the epoch's last
    step but one. Python delivers signals to its main thread alone; elsewhere the callback does
    nothing.

    Put it last.

    Args:
        checkpoints: saves.
        go_on: the command or line that goes on with the run.
        status: is told that the run was interrupted.

    Raises:
        Interrupted, Terminated: out of `fit`, once all is saved.
    """

    def __init__(self, checkpoints: Checkpoints, go_on: str = "", status: Status | None = None):
        super().__init__()
        self.status = status
        self.checkpoints = checkpoints
        self.go_on = go_on
        self.received: int | None = None
        self.carried: int | None = None
        self._previous: dict[int, Any] = {}

    def on_train_begin(self, logs=None):
        """Begins to listen."""
        self.received = self.carried = None
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
            self._previous = {number: signal.signal(number, self._note) for number in heard}

    def on_train_batch_end(self, batch, logs=None):
        """Saves the step and ends training, if a signal has come."""
        self._ask()
        if self.carried and self.checkpoints.resumable and not self._epoch_ends():
            self._end(self.checkpoints.save())
        elif self.carried and not self.checkpoints.resumable:
            self._end(self.checkpoints.save_epoch())

    def on_test_batch_end(self, batch, logs=None):
        """Ends a long validation."""
        self._ask()
        if self.carried and self.checkpoints.save_in_validation():
            self._end(True)

    def on_epoch_end(self, epoch, logs=None):
        """Saves the epoch and ends training, if a signal has come."""
        self._ask()
        if self.carried:
            done = self.checkpoints.saved_step == self.checkpoints.step
            self._end(done or self.checkpoints.save())

    def on_train_end(self, logs=None):
        """Gives the signals back, and sends the one again that came after the last step."""
        self._give_back()
        if self.received and not self.carried:
            os.kill(os.getpid(), self.received)

    def _ask(self) -> None:
        """Whether all workers end now, since one of them has been told to."""
        for number in SIGNALS:
            wanted = self.received == number
            if votes.of(self.model).together(signal.Signals(number).name, wanted):
                self.carried = number

    def _epoch_ends(self) -> bool:
        """The epoch is saved once its validation is done, so that no figure of it is lost."""
        steps = self.checkpoints.steps_per_epoch
        return self.checkpoints.step % steps == 0

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received or not self._is_training(frame):
            self._give_back()
            os.kill(os.getpid(), number)
            return
        self.received = number
        _say(f"\n{signal.Signals(number).name}: saving … (once more ends it at once)")

    def _give_back(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}

    def _is_training(self, frame: FrameType | None) -> bool:
        """Whether this model's `fit` is what was interrupted: an error may have ended it."""
        while frame is not None:
            if frame.f_code.co_name == "fit" and frame.f_locals.get("self") is self.model:
                return True
            frame = frame.f_back
        return False

    def _end(self, saved: bool) -> None:
        number = self.carried
        self._give_back()
        if self.status:
            self.status.write("interrupted")
        last = self.checkpoints.folder / "last"
        if not saved and not last.exists():
            _say("Stopped before the first checkpoint: nothing is saved.")
            raise Terminated(128 + number) if number == signal.SIGTERM else Interrupted("stopped")
        where = f"step {self.checkpoints.saved_step}" if saved else "the checkpoint before"
        advice = f" Go on: {self.go_on}" if self.go_on else ""
        _say(f"Stopped at {where} ({last}).{advice}")
        if number == signal.SIGTERM:
            raise Terminated(128 + number)
        raise Interrupted(f"stopped at {where}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
