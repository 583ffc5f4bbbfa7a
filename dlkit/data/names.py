"""File names in messages: in an order and a number that a reader can take in."""

import re
from collections.abc import Sequence

NAMED = 5  # of many names, so many are shown


def natural(name: str) -> tuple:
    """The key by which "cat2" comes before "cat10"."""
    parts = re.split(r"(\d+)", name.casefold())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


def listed(names: Sequence[object], most: int = NAMED) -> str:
    """A few of the names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(readable(str(name)) for name in names[:most]) + more


def readable(name: str) -> str:
    """A file name that every terminal and report can show: bytes that are no UTF-8 become "�"."""
    return name.encode(errors="surrogateescape").decode(errors="replace")
