"""Copies of all that a model and its optimizers hold."""

from collections.abc import Iterable, Mapping

import keras
import numpy as np

from dlkit.train import replicas, state

Values = list[tuple[keras.Variable, np.ndarray]]


def take(model: keras.Model) -> Values:
    """Every variable with its value, in the processor's memory."""
    return [(v, value_of(v)) for v in variables(model)]


def variables(model: keras.Model) -> list[keras.Variable]:
    """Those of the model, of its metrics and of its optimizers."""
    groups = [model.variables, model.metrics_variables]
    groups += [optimizer.variables for optimizer in optimizers(model)]
    return list({id(v): v for group in groups for v in group}.values())


def value_of(variable: keras.Variable) -> np.ndarray:
    """Its value; of replicas, the first one's."""
    return replicas.read(replicas.components(variable)[0])


def put_back(values: Values) -> None:
    """Gives every variable its copied value."""
    for variable, value in values:
        variable.assign(value)


def moved(values: Values, model: keras.Model, other: keras.Model) -> Values:
    """The values of one model for the variables of another that was built and compiled alike.

    Metrics, which have no variables before a model's first step, are left out.
    """
    places = {id(v): place for place, v in state.variables(model).items()}
    there = state.variables(other)
    pairs = [(there.get(places.get(id(v))), value) for v, value in values]
    return [(v, value) for v, value in pairs if v is not None]


def optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """The model's own, and those of a training step of its author's."""
    found = [model.optimizer, *vars(model).values()]
    kept = {id(o): o for o in found if isinstance(o, keras.optimizers.Optimizer)}
    return list(kept.values())


def finite(value: np.ndarray) -> bool:
    """Whether all of it are finite numbers."""
    if value.dtype.kind in "iub":
        return True
    narrow = value.dtype.itemsize < 4  # bfloat16 is no type of NumPy's own
    return bool(np.isfinite(value.astype(np.float32) if narrow else value).all())


def largest(value: np.ndarray) -> float:
    """The largest absolute value."""
    return float(np.abs(value.astype(np.float32)).max(initial=0.0))


def growth(
    calm: Mapping[str, float], values: Iterable[tuple[keras.Variable, np.ndarray]]
) -> dict[str, float]:
    """How many times as large each weight is as it was at first, or as the usual one was.

    Args:
        calm: the largest absolute value of each weight at first, by path.
        values: the weights of now, among others.
    """
    floor = float(np.median([size for size in calm.values() if size] or [1.0]))
    return {
        v.path: largest(value) / max(calm[v.path], floor) for v, value in values if v.path in calm
    }
