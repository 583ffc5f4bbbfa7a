"""A limit in seconds instead of epochs."""

import time

import keras

from dlkit.train import votes


class TimeLimit(keras.callbacks.Callback):
    """Stops training at the end of the first step after `seconds`; the epoch still closes.

    Attributes:
        reached: whether it has stopped training.
    """

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds
        self.reached = False

    def on_train_begin(self, logs=None):
        """Starts the clock."""
        self.reached = False
        self._ends = time.monotonic() + self.seconds

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the clock."""
        over = time.monotonic() >= self._ends
        if votes.of(self.model).together("time limit", over):
            self.reached = True
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        """Stops once more: the epoch of a resumed run has an end of its own."""
        if self.reached:
            self.model.stop_training = True
