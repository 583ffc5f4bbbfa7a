"""TensorBoard's curves of epochs."""

import keras


class EpochBoard(keras.callbacks.TensorBoard):
    """Writes what epochs come to; its arguments are those of `keras.callbacks.TensorBoard`.

    That one also words every batch's values for a writer that there is none of between epochs,
    which takes half a millisecond, and has the validation's twice, over steps besides epochs.
    """

    def on_train_batch_end(self, batch, logs=None):
        """Goes on with the profiler's recording alone."""
        super().on_train_batch_end(batch)

    def on_test_end(self, logs=None):
        """Leaves the values to the epoch's end."""
        super().on_test_end({})

    def _collect_learning_rate(self, logs):
        """Asks the schedule no second time, where the logs have what it said at this step."""
        return logs if "learning_rate" in logs else super()._collect_learning_rate(logs)
