"""A model again, without its optimizer and loss, and in another precision if need be."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from dlkit.train import keras_shim

HALVES = ("bfloat16", "float16")


def copy(model: keras.Model, image: np.ndarray, in_float32: bool) -> keras.Model:
    """A model made by the same config, with the same weights.

    Whatever the classes of the model and its layers raise is passed on: NotImplementedError and
    TypeError are those of a class that does not tell how it is made.

    Args:
        model: built.
        image: (1, height, width, channels), one input; a class makes its weights when it is called.
        in_float32: whether the copy computes in float32 all through.
    """
    config = model.get_config()
    with _policy("float32") if in_float32 else contextlib.nullcontext():
        made = type(model).from_config(_float32(config) if in_float32 else config)
        made(image)
    made.set_weights(model.get_weights())
    return made


def halves(model: keras.Model) -> str:
    """The 16-bit types that a model or layers of it compute in; empty where none does."""
    found = {layer.compute_dtype for layer in (model, *keras_shim.layers(model))}
    return " and ".join(sorted(found.intersection(HALVES)))


@contextlib.contextmanager
def _policy(name: str) -> Iterator[None]:
    """What layers compute in that are not told."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _float32(config: Any) -> Any:
    """A layer's config with float32 in the place of every dtype policy, however deep."""
    if isinstance(config, dict) and config.get("class_name") == "DTypePolicy":
        return {**config, "config": {**config["config"], "name": "float32"}}
    if isinstance(config, dict):
        return {key: _float32(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_float32(value) for value in config)
    return config
