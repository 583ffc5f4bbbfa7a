"""What is said of a model that cannot be built as asked."""

from collections.abc import Mapping
from typing import TypeVar

from dlkit.registry.errors import DlkitError, suggestion

Value = TypeVar("Value")


class BlockError(DlkitError, ValueError):
    """A block was asked for what it cannot build: a size, a style, a kind."""


def choose(what: str, key: str, table: Mapping[str, Value]) -> Value:
    """The row of `table` under `key`.

    Raises:
        BlockError: there is no such row; the nearest one is suggested.
    """
    try:
        return table[key]
    except (KeyError, TypeError):
        known = ", ".join(map(repr, table))
        raise BlockError(
            f"no {what} {key!r}.{suggestion(str(key), table)}", f"Choose one: {known}"
        ) from None
