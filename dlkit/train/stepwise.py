"""How many steps a call of `fit`'s function does."""

import contextlib
from collections.abc import Iterator

import keras


def at_once(most: int, steps: int) -> int:
    """The steps that run in one call: the largest divisor of an epoch's steps up to `most`."""
    return max(n for n in range(1, most + 1) if steps % n == 0)


@contextlib.contextmanager
def single_steps(model: keras.Model) -> Iterator[None]:
    """Lets `fit`'s function do one step a call, whatever the model was compiled for."""
    steps, function = model.steps_per_execution, model.train_function
    if steps == 1:
        yield
        return
    model.steps_per_execution, model.train_function = 1, None
    model.make_train_function()
    try:
        yield
    finally:
        model.steps_per_execution, model.train_function = steps, function
