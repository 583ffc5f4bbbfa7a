"""Settings by dotted path, `optimizer.learning_rate`: how a frozen dataclass gets other values."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dlkit.registry import errors

SHORT = {  # what people write for a recipe's fields, elsewhere and in haste
    "lr": "optimizer.learning_rate",
    "wd": "optimizer.weight_decay",
    "decay": "optimizer.weight_decay",
    "opt": "optimizer.name",
    "clip": "optimizer.clipnorm",
    "bs": "batch_size",
    "batch": "batch_size",
    "size": "image_size",
    "img_size": "image_size",
    "imgsz": "image_size",
    "scheduler": "schedule",
    "warmup": "warmup_epochs",
    "patience": "early_stopping",
    "dtype": "precision",
}


def replace(instance: Any, settings: Mapping[str, Any], prefix: str = "") -> Any:
    """A copy of a frozen dataclass with other values, given by dotted path or nested tables.

    Raises:
        UsageError: there is no such field; the nearest is suggested.
    """
    changes: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for path, value in settings.items():
        name, rest = _split(instance, path, prefix)
        current = getattr(instance, name)
        if rest:
            inner.setdefault(name, {})[rest] = value
        elif dataclasses.is_dataclass(current) and isinstance(value, Mapping):
            inner.setdefault(name, {}).update(value)
        else:
            changes[name] = value
    for name, deeper in inner.items():
        current = changes.get(name, getattr(instance, name))
        if dataclasses.is_dataclass(current):
            changes[name] = replace(current, deeper, f"{prefix}{name}.")
        elif isinstance(current, Mapping):
            changes[name] = {**current, **deeper}
    return dataclasses.replace(instance, **changes)


def paths(instance: Any, prefix: str = "") -> list[str]:
    """The dotted paths of every field."""
    found = []
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        inside = dataclasses.is_dataclass(value)
        found += paths(value, f"{prefix}{field.name}.") if inside else [prefix + field.name]
    return found


def _split(instance: Any, path: Any, prefix: str) -> tuple[str, str]:
    """A field's name and the path inside it."""
    name, dot, rest = str(path).partition(".")
    known = isinstance(path, str) and name in {f.name for f in dataclasses.fields(instance)}
    if not known or (dot and not (rest and _has_inside(getattr(instance, name)))):
        shown = f"{prefix}{path}"
        raise errors.UsageError(
            f"there is no setting {shown!r}.{_suggestion(shown, paths(instance, prefix))}",
            f"They are: {', '.join(paths(instance, prefix))}",
        )
    return name, rest


def _suggestion(path: str, known: list[str]) -> str:
    meant = SHORT.get(path.rpartition(".")[2].lower().replace("-", "_"))
    return f" Did you mean {meant!r}?" if meant else errors.suggestion(path, known)


def _has_inside(value: Any) -> bool:
    return dataclasses.is_dataclass(value) or isinstance(value, Mapping)
