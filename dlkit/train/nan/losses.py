"""What a model was compiled with for its loss."""

from typing import Any

import keras


def name(model: keras.Model) -> str:
    """The loss as the user knows it: its name, or that of its function."""
    return ", ".join(filter(None, map(_name, keras.tree.flatten(model.loss)))) or "the loss"


def are_sparse(model: keras.Model) -> bool:
    """Whether it, or each of several, is known to take class numbers."""
    return all("sparse_categorical" in _name(loss) for loss in keras.tree.flatten(model.loss))


def ignored_classes(model: keras.Model) -> list[int]:
    """The class numbers that are left out of it."""
    found = (getattr(loss, "ignore_class", None) for loss in keras.tree.flatten(model.loss))
    return [number for number in found if number is not None]


def weights(model: keras.Model) -> list[float]:
    """Those of several losses, which Keras shows nowhere but in a configuration to save."""
    given = getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None)
    return [weight for weight in keras.tree.flatten(given) if weight is not None]


def _name(loss: Any) -> str:
    loss = getattr(loss, "func", loss)  # of a functools.partial
    if loss is None or isinstance(loss, str):
        return loss or ""
    found = getattr(loss, "name", None) or getattr(loss, "__name__", None)
    return str(found or type(loss).__name__)
