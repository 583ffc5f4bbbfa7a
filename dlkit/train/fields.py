"""Fields of a recipe: a default, a type and a range each; and how they are set by dotted path.

Values come from YAML and from command lines, where `3e-4` is a string and `1` may mean 1.0, so
each field takes what surely means its type and refuses the rest by name.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from dlkit.registry import errors

Reader = Callable[[Any], Any]


class Refused(Exception):
    """The value is not the field's; the text says what it takes."""


def text(default: Any = dataclasses.MISSING, optional: bool = False) -> Any:
    """A non-empty string."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise Refused("a non-empty string")
        return value

    return _field(read, default, optional)


def choice(default: str, *others: str) -> Any:
    """One of a few words; the first is the default."""
    words = (default, *others)

    def read(value: Any) -> str:
        if value not in words:
            raise Refused(f"one of {', '.join(words)}{errors.suggestion(str(value), words)}")
        return value

    return _field(read, default)


def boolean(default: bool) -> Any:
    """True or false."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise Refused("true or false")
        return value

    return _field(read, default)


def integer(default: int | None, least: int, optional: bool = False, most: float = math.inf) -> Any:
    """A whole number of at least `least` and at most `most`."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            upper = f" and at most {most}" if most < math.inf else ""
            raise Refused(f"a whole number of at least {least}{upper}")
        return value

    return _field(read, default, optional)


def number(
    default: float, least: float = -math.inf, above: float = -math.inf, below: float = math.inf
) -> Any:
    """A finite number, `least` ≤ value, `above` < value < `below`."""
    bounds = [f"at least {least:g}"] if least > -math.inf else []
    bounds += [f"above {above:g}"] if above > -math.inf else []
    bounds += [f"below {below:g}"] if below < math.inf else []

    def read(value: Any) -> float:
        try:
            value = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError):
            value = math.nan
        if not (math.isfinite(value) and value >= least and above < value < below):
            raise Refused(f"a number {' and '.join(bounds)}")
        return value

    return _field(read, default)


def options() -> Any:
    """A table of a builder's options; the builder itself knows which."""

    def read(value: Any) -> dict:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise Refused("a table of options")
        return dict(value)

    return dataclasses.field(default_factory=dict, metadata={"read": read})


def check(instance: Any, prefix: str = "") -> None:
    """Reads every field in place.

    Raises:
        UsageError: a value is refused; it names the field, the value and what it takes.
    """
    for field in dataclasses.fields(instance):
        reader = field.metadata.get("read")
        if reader is None:
            continue
        value = getattr(instance, field.name)
        try:
            object.__setattr__(instance, field.name, reader(value))
        except Refused as refused:
            raise errors.UsageError(
                f"{prefix}{field.name}: expected {refused}, got {value!r}.",
                f"Set it: --set {prefix}{field.name}=VALUE",
            ) from None


def replace(instance: Any, settings: Mapping[str, Any], prefix: str = "") -> Any:
    """A copy of a frozen dataclass with other values, given by dotted path or nested tables.

    Raises:
        UsageError: there is no such field.
    """
    changes: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    names = [field.name for field in dataclasses.fields(instance)]
    for path, value in settings.items():
        name, _, rest = path.partition(".")
        current = getattr(instance, name, None)
        if name not in names or (rest and not _has_inside(current)):
            raise errors.UsageError(
                f"there is no setting {prefix + path!r}."
                f"{errors.suggestion(prefix + path, paths(instance, prefix))}",
                f"They are: {', '.join(paths(instance, prefix))}",
            )
        if rest:
            inner.setdefault(name, {})[rest] = value
        elif dataclasses.is_dataclass(current) and not dataclasses.is_dataclass(value):
            if not isinstance(value, Mapping):
                raise errors.UsageError(f"{prefix}{name}: expected a table, got {value!r}.")
            inner.setdefault(name, {}).update(value)
        else:
            changes[name] = value
    for name, deeper in inner.items():
        current = changes.get(name, getattr(instance, name))
        if dataclasses.is_dataclass(current):
            changes[name] = replace(current, deeper, f"{prefix}{name}.")
        else:
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


def _has_inside(value: Any) -> bool:
    return dataclasses.is_dataclass(value) or isinstance(value, Mapping)


def _field(read: Reader, default: Any, optional: bool = False) -> Any:
    def reader(value: Any) -> Any:
        return None if optional and value is None else read(value)

    return dataclasses.field(default=default, metadata={"read": reader})
