"""Values as Python and YAML know them, so that what is written reads back as it was.

A notebook has its numbers from NumPy and its folders from pathlib; a recipe keeps plain values.
"""

import math
import os
from collections.abc import Mapping
from typing import Any

PLAIN = "plain data (text, numbers, true, false, null, and lists and tables of them)"
_DEPTH = 20  # of tables in tables; deeper is a table that holds itself


class Refused(Exception):
    """A value that is not what a field takes.

    Args:
        expected: what it takes.
        value: what it got.
        where: the place inside the field, such as `.shape[0]`.
        hint: what may be meant, a sentence after a space.
    """

    def __init__(self, expected: str, value: Any, *, where: str = "", hint: str = ""):
        super().__init__(expected)
        self.expected, self.value, self.where, self.hint = expected, value, where, hint


def scalar(value: Any) -> Any:
    """NumPy's scalars, and arrays without dimensions, as Python's own; the rest as it is."""
    unboxed = getattr(value, "ndim", None) == 0 and hasattr(value, "item")
    return value.item() if unboxed else value


def text(value: Any) -> str:
    """A non-empty string that UTF-8 can hold."""
    value = scalar(value)
    if not isinstance(value, str) or not value or not _is_writable(value):
        raise Refused("a non-empty string", value)
    return str.__str__(value)


def data(value: Any, where: str = "", depth: int = _DEPTH) -> Any:
    """Text, numbers, booleans, None, and lists and dicts of them; tuples and arrays are lists.

    Raises:
        Refused: there is something else in it; `where` leads there.
    """
    value = scalar(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if math.isnan(value):  # it equals nothing, and so not what is read back
            raise Refused("a number", value, where=where)
        return float(value)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str) and _is_writable(value):
        return str.__str__(value)
    if getattr(value, "ndim", 0) > 0 and hasattr(value, "tolist"):
        value = value.tolist()
    if depth and isinstance(value, list | tuple):
        return [data(item, f"{where}[{i}]", depth - 1) for i, item in enumerate(value)]
    if depth and isinstance(value, Mapping):
        return {
            _key(key, where): data(item, f"{where}.{key}", depth - 1) for key, item in value.items()
        }
    raise Refused(PLAIN, value, where=where)


def _key(key: Any, where: str) -> str | int:
    key = scalar(key)
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise Refused("names of text or whole numbers", key, where=where)
    return data(key, where)


def _is_writable(value: str) -> bool:
    """Whether it has no half characters, as the names of files in another encoding have."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
