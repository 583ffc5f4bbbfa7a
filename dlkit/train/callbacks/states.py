"""The states of callbacks as plain values, so that a run goes on with their patience and records.

A callback of one's own takes part by two methods: `get_state() -> dict` of JSON values, and
`set_state(dict)`. Keras' own have none; the table names the attributes that theirs consists of.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

_ATTRIBUTES = {
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "cooldown_counter", "best"),
    keras.callbacks.ModelCheckpoint: ("best", "epochs_since_last_save"),
}


def collect(callbacks: Iterable[keras.callbacks.Callback]) -> dict[str, Any]:
    """The states of those that have one, by class name; a second of a class is `Name#2`."""
    return {name: _get(callback) for name, callback in _named(callbacks) if _has_state(callback)}


def hand_out(callbacks: Iterable[keras.callbacks.Callback], states: Mapping[str, Any]) -> None:
    """Gives each callback the state that `collect` found in its like."""
    for callback, found in pairs(callbacks, states):
        _set(callback, found)


def pairs(
    callbacks: Iterable[keras.callbacks.Callback], states: Mapping[str, Any]
) -> Iterator[tuple[keras.callbacks.Callback, Any]]:
    """Each callback that has a state, and that which `collect` found in its like."""
    for name, callback in _named(callbacks):
        if name in states and _has_state(callback):
            yield callback, states[name]


def _named(callbacks: Iterable[keras.callbacks.Callback]):
    seen: dict[str, int] = {}
    for callback in callbacks:
        name = type(callback).__name__
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), callback


def _has_state(callback: keras.callbacks.Callback) -> bool:
    return hasattr(callback, "get_state") or _attributes(callback) is not None


def _attributes(callback: keras.callbacks.Callback) -> tuple[str, ...] | None:
    found = (names for cls, names in _ATTRIBUTES.items() if isinstance(callback, cls))
    return next(found, None)


def _get(callback: keras.callbacks.Callback) -> dict[str, Any]:
    if hasattr(callback, "get_state"):
        return callback.get_state()
    return {name: _plain(getattr(callback, name, None)) for name in _attributes(callback)}


def _set(callback: keras.callbacks.Callback, state: dict[str, Any]) -> None:
    if hasattr(callback, "set_state"):
        callback.set_state(state)
        return
    for name, value in state.items():
        setattr(callback, name, value)


def _plain(value: Any) -> Any:
    """A number as JSON has it; an infinite one stays away, and the callback begins with its own."""
    return value.item() if isinstance(value, np.generic) else value
