"""How many steps a call of `fit`'s function does."""

import contextlib
from collections.abc import Iterator

import keras


def at_once(most: int, steps: int, done: int = 0, replicas: int = 1) -> int:
    """The steps that run in one call: the largest divisor of an epoch's steps up to `most`.

    It divides the steps done too, since a run may have stopped where it did fewer at once. Several
    replicas do one: Keras has no loop over steps for parts of batches.
    """
    if replicas > 1:
        return 1
    return max(n for n in range(1, most + 1) if steps % n == 0 == done % n)


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
