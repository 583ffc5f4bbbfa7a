"""The state of a model in training: all that it needs to go on as if nothing had happened.

That is every variable: weights, seeds, optimizer slots, averages, loss scale, running metrics.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping

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
    keys = [key for key in saved.arrays if metrics or not key.startswith("metrics/")]
    _assign(model, {key: saved.arrays[key] for key in keys})


@contextlib.contextmanager
def values(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Gives a model other values, as `capture` made them of it, while the block runs."""
    now = capture(model)
    _assign(model, arrays)
    try:
        yield
    finally:
        _assign(model, now)


def digest(model: keras.Model) -> str:
    """SHA-256 in hex over every variable's bytes: equal digests mean equal runs."""
    found = hashlib.sha256()
    for key, value in capture(model).items():
        found.update(f"{key}{value.dtype.str}{value.shape}".encode())
        found.update(np.ascontiguousarray(value))
    return found.hexdigest()


def _assign(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
    """Assigns what differs to the bit: reading takes a fraction of the time."""
    for key, v in variables(model).items():
        if key in arrays:
            for component, value in replicas.pairs(key, v, arrays):
                value = _unpacked(value, v.dtype)
                if replicas.read(component).tobytes() != value.tobytes():
                    component.assign(value)


def _packed(value: np.ndarray) -> np.ndarray:
    return value.view(np.uint16) if value.dtype == ml_dtypes.bfloat16 else value


def _unpacked(value: np.ndarray, dtype: str) -> np.ndarray:
    return value.view(ml_dtypes.bfloat16) if str(dtype) == "bfloat16" else value
