"""One step a call, for what looks at every step."""

import contextlib
from collections.abc import Iterator

import keras


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
