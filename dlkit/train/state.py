"""The state of a model in training: all that it needs to go on as if nothing had happened.

That is every variable: weights, seeds, optimizer slots, averages, loss scale, running metrics.
"""

import contextlib
import hashlib
from collections.abc import Container, Iterator, Mapping

import keras
import ml_dtypes
import numpy as np

from dlkit.train import replicas
from dlkit.train.checkpoint import Saved
from dlkit.train.folders import RunError


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every variable of a compiled model by its place: `model/0`, `optimizer/3`, `metrics/1`.

    Places stand for names because Keras numbers the names of unnamed layers by how many there
    were before in the process.
    """
    groups = {
        "model": model.variables,
        "optimizer": model.optimizer.variables,
        "metrics": model.metrics_variables,
    }
    return {f"{group}/{i}": v for group, found in groups.items() for i, v in enumerate(found)}


def capture(model: keras.Model) -> dict[str, np.ndarray]:
    """The values of every variable; bfloat16, which files of arrays lack, as its bits."""
    held = variables(model).items()
    return {k: _packed(value) for key, v in held for k, value in replicas.values(key, v)}


def restore(model: keras.Model, saved: Saved, metrics: bool = True) -> None:
    """Gives every variable its saved value.

    What the model does not have yet is left out: metrics have no variables before the first step.

    Args:
        model: the compiled model.
        saved: the checkpoint.
        metrics: whether the running metrics are restored too.

    Raises:
        RunError: the checkpoint is another model's; the first difference is named, and no
            variable is changed.
    """
    if not model.optimizer.built:
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)
    for key, v in variables(model).items():
        there = saved.arrays.get(key)
        if there is None and key.startswith("metrics/"):
            continue
        if there is None or tuple(there.shape) != tuple(v.shape):
            had = "nothing" if there is None else f"shape {tuple(there.shape)}"
            raise RunError(
                f"{saved.path} is not of this model: {v.path} has shape {tuple(v.shape)}, and the "
                f"checkpoint has {had} in its place ({key}).",
                "Build the model and its optimizer as they were when it was saved",
            )
    keys = {key for key in saved.arrays if metrics or not key.startswith("metrics/")}
    _assign(model, saved.arrays, keys)


@contextlib.contextmanager
def values(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Gives a model other values, as `capture` made them of it, while the block runs."""
    now = capture(model)
    changed = _differing(arrays, now)
    _assign(model, arrays, changed)
    try:
        yield
    finally:
        _assign(model, now, changed)


def digest(model: keras.Model) -> str:
    """SHA-256 in hex over every variable's bytes: equal digests mean equal runs."""
    found = hashlib.sha256()
    for key, value in capture(model).items():
        found.update(f"{key}{value.dtype.str}{value.shape}".encode())
        found.update(np.ascontiguousarray(value))
    return found.hexdigest()


def _assign(model: keras.Model, arrays: Mapping[str, np.ndarray], places: Container[str]) -> None:
    for key, v in variables(model).items():
        if key in arrays and key in places:
            for component, value in replicas.pairs(key, v, arrays):
                component.assign(_unpacked(value, v.dtype))


def _differing(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> set[str]:
    """The places of two captures that are not alike to the bit on all replicas."""
    keys = one.keys() | other.keys()
    alike = {k for k in keys if k in one and k in other and _are_alike(one[k], other[k])}
    return {key.partition("@")[0] for key in keys - alike}


def _are_alike(one: np.ndarray, other: np.ndarray) -> bool:
    return (
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )


def _packed(value: np.ndarray) -> np.ndarray:
    return value.view(np.uint16) if value.dtype == ml_dtypes.bfloat16 else value


def _unpacked(value: np.ndarray, dtype: str) -> np.ndarray:
    return value.view(ml_dtypes.bfloat16) if str(dtype) == "bfloat16" else value
