"""Fields of a recipe: a default, a type and a range each.

Values come from YAML, from command lines and from notebooks, where `3e-4` is a string, `1` may
mean 1.0 and `3` be NumPy's. So each field takes what surely means its type, keeps it as a plain
Python value, and refuses the rest by name.
"""

import dataclasses
import decimal
import math
import numbers
import os
from collections.abc import Callable, Mapping
from typing import Any

from dlkit.registry import errors
from dlkit.train import plain, settings
from dlkit.train.cadence import Cadence
from dlkit.train.plain import Refused

Reader = Callable[[Any], Any]


def text(default: Any = dataclasses.MISSING, optional: bool = False) -> Any:
    """A non-empty string."""
    return _field(plain.text, default, optional)


def path() -> Any:
    """The path of a file or folder, kept as a string; None where there is none."""

    def read(value: Any) -> str:
        value = os.fspath(value) if isinstance(value, os.PathLike) else value
        try:
            return plain.text(value)
        except Refused as refused:
            raise Refused("a path", refused.value) from None

    return _field(read, None, optional=True)


def choice(default: str, *others: str) -> Any:
    """One of a few words; the first is the default."""
    words = (default, *others)

    def read(value: Any) -> str:
        value = plain.scalar(value)
        if not isinstance(value, str) or value not in words:
            hint = errors.suggestion(value, words) if isinstance(value, str) else ""
            raise Refused(f"one of {', '.join(words)}", value, hint=hint)
        return plain.text(value)

    return _field(read, default)


def boolean(default: bool) -> Any:
    """True or false."""

    def read(value: Any) -> bool:
        value = plain.scalar(value)
        if not isinstance(value, bool):
            raise Refused("true or false", value)
        return value

    return _field(read, default)


def integer(default: int | None, least: int, optional: bool = False, most: float = math.inf) -> Any:
    """A whole number of at least `least` and at most `most`."""
    upper = f" and at most {most}" if most < math.inf else ""

    def read(value: Any) -> int:
        value = plain.scalar(value)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise Refused(f"a whole number of at least {least}{upper}", value)
        return int(value)

    return _field(read, default, optional)


def number(
    default: float, least: float = -math.inf, above: float = -math.inf, below: float = math.inf
) -> Any:
    """A finite number, `least` ≤ value, `above` < value < `below`."""
    bounds = [f"at least {least:g}"] if least > -math.inf else []
    bounds += [f"above {above:g}"] if above > -math.inf else []
    bounds += [f"below {below:g}"] if below < math.inf else []

    def read(value: Any) -> float:
        value = plain.scalar(value)
        found = _float(value)
        if not (math.isfinite(found) and found >= least and above < found < below):
            raise Refused(f"a number {' and '.join(bounds)}", value)
        return found

    return _field(read, default)


def cadence(default: str) -> Any:
    """How often something is done: `auto`, `200steps`, `2min`, `1epoch`."""

    def read(value: Any) -> str:
        try:
            Cadence.parse(plain.scalar(value))
        except ValueError as error:
            expected, near, meant = str(error).partition(" Did you mean")
            raise Refused(expected.rstrip("."), value, hint=near + meant) from None
        return plain.text(value)

    return _field(read, default)


def options() -> Any:
    """A table of a builder's options, plain data all through; the builder itself knows which."""

    def read(value: Any) -> dict:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise Refused("a table of options", value)
        return plain.data(value)

    return dataclasses.field(default_factory=dict, metadata={"read": read})


def table(cls: type, name: str) -> Any:
    """A dataclass of fields of its own, or a mapping that says some of them."""

    def read(value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise Refused("a table", value)
        return settings.replace(cls(), value, f"{name}.")

    return dataclasses.field(default_factory=cls, metadata={"read": read})


def check(instance: Any, prefix: str = "") -> None:
    """Reads every field in place.

    Raises:
        UsageError: a value is refused; it names the field, the value and what it takes.
    """
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        try:
            object.__setattr__(instance, field.name, field.metadata["read"](value))
        except Refused as refused:
            raise errors.UsageError(
                f"{prefix}{field.name}{refused.where}: expected {refused.expected}, "
                f"got {errors.shown(refused.value)}.{refused.hint}",
                f"Set it: --set {prefix}{field.name}=VALUE",
            ) from None


def _float(value: Any) -> float:
    """The number that it is, or that a string of digits says; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | numbers.Real | decimal.Decimal):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _field(read: Reader, default: Any, optional: bool = False) -> Any:
    def reader(value: Any) -> Any:
        return None if optional and value is None else read(value)

    return dataclasses.field(default=default, metadata={"read": reader})
