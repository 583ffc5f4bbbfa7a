"""Time and throughput as logged values."""

import time

import keras

from dlkit.train.input_time import InputTime


class Clock(keras.callbacks.Callback):
    """Adds `learning_rate`, `seconds` and `images_per_second` to each epoch's logs.

    Seconds are those of training steps, without validation. Put it before the callbacks that
    write logs.

    Args:
        samples_per_epoch: samples that a whole epoch trains on; 0 leaves out the throughput.
        steps_per_epoch: steps of a whole epoch, so that an epoch cut short counts what it did.
        waiting: the data's stopwatch; adds `input_seconds`, the part of `seconds` in which steps
            waited for their batches.
    """

    def __init__(
        self,
        samples_per_epoch: int = 0,
        steps_per_epoch: int = 0,
        waiting: InputTime | None = None,
    ):
        super().__init__()
        self.samples_per_epoch = samples_per_epoch
        self.steps_per_epoch = steps_per_epoch
        self.waiting = waiting
        self._resumed = (0.0, 0, 0.0)  # seconds, steps and waits of an epoch that was begun before
        self._begin()

    def get_state(self) -> dict[str, float]:
        """How far the epoch is, in seconds and steps."""
        return {"seconds": self._seconds(), "steps": self._steps, "waited": self._waited()}

    def set_state(self, state: dict[str, float]) -> None:
        """Counts on from there, if the epoch was not whole."""
        if state["steps"] < self.steps_per_epoch:
            self._resumed = state["seconds"], int(state["steps"]), state.get("waited", 0.0)

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._begin()

    def on_train_batch_end(self, batch, logs=None):
        """Counts the steps; `batch` is the last one's number where several run at once."""
        self._steps = self._first + batch + 1

    def on_test_begin(self, logs=None):
        """Stops it for validation."""
        self._test_began = time.perf_counter()

    def on_test_end(self, logs=None):
        """Goes on."""
        self._testing = getattr(self, "_testing", 0.0) + time.perf_counter() - self._test_began

    def on_epoch_end(self, epoch, logs=None):
        """Adds the epoch's figures."""
        if logs is None:
            return
        seconds = self._seconds()
        logs["learning_rate"] = float(
            keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        )
        logs["seconds"] = seconds
        if self.waiting:
            logs["input_seconds"] = min(self._waited(), seconds)
        if self.samples_per_epoch:
            done = self._steps / self.steps_per_epoch if self.steps_per_epoch else 1.0
            logs["images_per_second"] = done * self.samples_per_epoch / seconds

    def _begin(self) -> None:
        self._began = time.perf_counter()
        self._testing = 0.0
        self._before, self._first, waited = self._resumed
        self._resumed = (0.0, 0, 0.0)
        self._wait_began = (self.waiting.seconds if self.waiting else 0.0) - waited
        self._steps = self._first

    def _waited(self) -> float:
        return self.waiting.seconds - self._wait_began if self.waiting else 0.0

    def _seconds(self) -> float:
        return self._before + time.perf_counter() - self._began - self._testing
