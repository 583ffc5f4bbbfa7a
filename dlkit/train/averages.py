"""The moving averages of a model's weights that its optimizer keeps, put in their place.

With `use_ema` Keras' optimizers keep ā ← m·ā + (1 - m)·θ beside each trainable variable θ. The
averages generalise better than the weights themselves (Polyak & Juditsky, "Acceleration of
stochastic approximation by averaging", 1992; Tarvainen & Valpola, "Mean teachers", 2017), so it is
they that are judged and kept, while training goes on from θ. Batch norm's moving statistics stay as
they are: averages already, of what the weights before the averaging gave.
"""

import contextlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from dlkit.train import optimizers


def are_wanted(model: keras.Model) -> bool:
    """Whether the optimizer is one that keeps averages."""
    optimizer = getattr(model, "optimizer", None)
    inner = optimizers.inner(optimizer)
    return bool(getattr(inner, "use_ema", False))


def are_there(model: keras.Model) -> bool:
    """Whether averages are kept and one update was made: before it Keras has zeros there."""
    return are_wanted(model) and model.optimizer.built and model.optimizer.iterations.numpy() > 0


def put(model: keras.Model) -> list[np.ndarray]:
    """Gives the trainable variables their averages; the optimizer keeps what it has.

    Returns:
        The weights that were there, for `put_back`; none where there are no averages.
    """
    if not are_there(model):
        return []
    weights = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
    model.optimizer.finalize_variable_values(model.trainable_variables)
    return weights


def put_back(model: keras.Model, weights: Sequence[np.ndarray]) -> None:
    """Gives the trainable variables the weights that `put` found, to the bit."""
    if weights:
        for variable, value in zip(model.trainable_variables, weights, strict=True):
            variable.assign(value)


@contextlib.contextmanager
def applied(model: keras.Model) -> Iterator[None]:
    """Within the block the model has the averages, where there are any; then its own weights.

    Example:
        >>> with averages.applied(model):
        ...     model.save("averaged.keras")
    """
    weights = put(model)
    try:
        yield
    finally:
        put_back(model, weights)
