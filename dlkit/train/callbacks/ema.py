"""Validation on the averaged weights."""

import keras

from dlkit.train import averages


class EMA(keras.callbacks.Callback):
    """Validates the moving averages of the weights, and trains on from the weights themselves.

    The weights are set aside and put back as they were, so training runs as it would without the
    callback, to the bit. (`keras.callbacks.SwapEMAWeights` swaps by adding and subtracting, whose
    rounding stays in the weights.) Where an error ends `fit` within a validation, the model is left
    with the averages; a next `fit` goes on from the weights. After a whole `fit` the model has the
    averages: Keras puts them there.

    What saves the model should do it within `averages.applied(model)`, as `Checkpoints` does for
    `best`. Without `use_ema` in the optimizer the callback does nothing.

    Example:
        >>> model.compile(keras.optimizers.Adam(use_ema=True, ema_momentum=0.999), loss)
        >>> model.fit(data, validation_data=val, callbacks=[EMA()])
    """

    def __init__(self):
        super().__init__()
        self._weights = []
        self._first = []

    def on_train_begin(self, logs=None):
        """Puts back what an error left; remembers weights that no update has moved yet."""
        self._put_back()
        if averages.are_wanted(self.model) and not averages.are_there(self.model):
            self._first = [v.numpy() for v in self.model.trainable_variables]

    def on_test_begin(self, logs=None):
        """Puts the averages in."""
        self._put_back()
        self._weights = averages.put(self.model)

    def on_test_end(self, logs=None):
        """Puts the weights back."""
        self._put_back()

    def on_train_end(self, logs=None):
        """Undoes Keras' last step where no update was made: it puts in averages that are zeros."""
        if not averages.are_there(self.model):
            averages.put_back(self.model, self._first)
        self._first = []

    def _put_back(self) -> None:
        averages.put_back(self.model, self._weights)
        self._weights = []
