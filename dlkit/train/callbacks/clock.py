"""Time and throughput as logged values."""

import time

import keras


class Clock(keras.callbacks.Callback):
    """Adds `learning_rate`, `seconds` and `images_per_second` to each epoch's logs.

    Seconds are those of training steps, without validation. Put it before the callbacks that
    write logs.

    Args:
        samples_per_epoch: samples that an epoch trains on; 0 leaves out the throughput.
    """

    def __init__(self, samples_per_epoch: int = 0):
        super().__init__()
        self.samples_per_epoch = samples_per_epoch

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._began = time.perf_counter()
        self._testing = 0.0

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
        seconds = time.perf_counter() - self._began - self._testing
        logs["learning_rate"] = float(
            keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        )
        logs["seconds"] = seconds
        if self.samples_per_epoch:
            logs["images_per_second"] = self.samples_per_epoch / seconds
