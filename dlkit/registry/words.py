"""The words that messages are made of: names as one writes them, and what may have been meant."""

import difflib
from collections.abc import Iterable

VERBS = {"model": "dlkit models", "dataset": "dlkit datasets"}
"""The command that lists a kind; the other kinds are listed by `dlkit show`."""


def shown(value: object, most: int = 100) -> str:
    """A value as a message shows it: its `repr`, cut to `most` characters."""
    text = repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def listing(kind: str) -> str:
    """The command that lists a kind."""
    return VERBS.get(kind, f"dlkit show --kind {kind}")


def label(kind: str) -> str:
    """A kind as a reader writes it: `anchor_generator` is an `anchor generator`."""
    return kind.replace("_", " ")


def suggestion(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'resnet50'?`, or nothing where no known word is near."""
    near = nearest(word, known)
    return f" Did you mean {near!r}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like `word`, whatever its case; None where none is."""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None
