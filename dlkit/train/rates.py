"""A model's learning rate, set by hand, also where it follows a schedule."""

import contextlib
from collections.abc import Callable, Iterator

import keras

from dlkit.train import optimizers


@contextlib.contextmanager
def settable(model: keras.Model) -> Iterator[Callable[[float], None]]:
    """Gives what sets the optimizer's rate; afterwards it follows its own schedule again.

    A rate that is a number is left as it was set last: it is one of the optimizer's variables.

    Args:
        model: compiled with any optimizer of Keras.
    """
    optimizer = model.optimizer
    own = optimizers.inner(optimizer)._learning_rate  # Keras gives it away by no public name
    if isinstance(own, keras.Variable):
        yield lambda rate: setattr(optimizer, "learning_rate", rate)
        return
    held, function = _Held(), model.train_function
    optimizer.learning_rate, model.train_function = held, None
    try:
        yield held.rate.assign
    finally:
        optimizer.learning_rate, model.train_function = own, function


class _Held(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that can be set, in the place of a schedule, which cannot."""

    def __init__(self):
        self.rate = keras.Variable(0.0, trainable=False, name="rate", dtype="float32")

    def __call__(self, step):
        return keras.ops.convert_to_tensor(self.rate)
