"""What a manifest may say: one row a key, `key: (reader, required)`.

A reader takes a TOML value and gives the spec's value, or raises `Wrong` with what it expected.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from dlkit.registry import errors, spec

Reader = Callable[[Any], Any]
Table = Mapping[str, tuple[Reader, bool]]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_HASHES = {"sha256": 64, "md5": 32, "sha256-8": 8}


class Wrong(Exception):
    """A value that is not what its key stands for; `where` is the path inside the value."""

    def __init__(self, problem: str, where: str = ""):
        super().__init__(problem)
        self.problem = problem
        self.where = where


def _expected(what: str, value: Any) -> Wrong:
    kinds = {bool: "boolean", int: "integer", float: "float", str: "string", dict: "table"}
    kind = kinds.get(type(value), "array" if isinstance(value, list) else type(value).__name__)
    return Wrong(f"expected {what}, got the {kind} {value!r}")


def text(value: Any) -> str:
    """A non-empty string."""
    if not isinstance(value, str) or not value.strip():
        raise _expected("a non-empty string", value)
    return value


def _pattern(pattern: re.Pattern, what: str) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _expected(what, value)
        return value

    return read


name = _pattern(_NAME, "a name of letters, digits and . _ + -")
target = _pattern(_TARGET, "'module:function'")
module = _pattern(_MODULE, "a module's dotted name")


def count(value: Any) -> int:
    """An integer of 0 or more."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _expected("an integer of 0 or more", value)
    return value


def many(reader: Reader) -> Reader:
    """An array whose every item `reader` takes."""

    def read(value: Any) -> tuple:
        if not isinstance(value, list):
            raise _expected("an array", value)
        return tuple(_at(f"[{i}]", reader, item) for i, item in enumerate(value))

    return read


def mapping(reader: Reader) -> Reader:
    """A table of free keys whose every value `reader` takes."""

    def read(value: Any) -> dict:
        if not isinstance(value, dict):
            raise _expected("a table", value)
        return {key: _at(f".{key}", reader, item) for key, item in value.items()}

    return read


def record(cls: type, table: Table) -> Reader:
    """A table of known keys, given back as `cls`."""
    return lambda value: cls(**keys(value, table))


def keys(value: Any, table: Table) -> dict[str, Any]:
    """Reads a table of known keys; unknown and missing ones are wrong."""
    if not isinstance(value, dict):
        raise _expected("a table", value)
    for key in value:
        if key not in table:
            hint = errors.suggestion(key, table)
            raise Wrong(f"unknown key.{hint} Known: {', '.join(table)}", f".{key}")
    for key, (_, required) in table.items():
        if required and key not in value:
            raise Wrong("missing, and it is required", f".{key}")
    return {key: _at(f".{key}", table[key][0], item) for key, item in value.items()}


def _at(where: str, reader: Reader, value: Any) -> Any:
    try:
        return reader(value)
    except Wrong as wrong:
        raise Wrong(wrong.problem, where + wrong.where) from None


def _anything(value: Any) -> Any:
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if (
        not isinstance(value, list)
        or len(value) != 3
        or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in value)
    ):
        raise _expected("[height, width, channels], three positive integers", value)
    return tuple(value)


def _hash(value: Any) -> str:
    algorithm, _, digits = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not re.fullmatch(rf"[0-9a-f]{{{_HASHES.get(algorithm, 0)}}}", digits) or not digits:
        raise _expected("'sha256:…' (64 hex digits), 'md5:…' (32) or 'sha256-8:…' (8)", value)
    return value


def _names(value: Any) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else many(text)(value)


def _paper(value: Any) -> spec.Paper:
    paper = spec.Paper(**keys(value, _PAPER))
    if not (paper.arxiv or paper.doi or paper.url):
        raise Wrong("expected one of arxiv, doi or url")
    return paper


_PAPER: Table = {
    "title": (text, True),
    "year": (count, True),
    "arxiv": (text, False),
    "doi": (text, False),
    "url": (text, False),
}
_LEVEL: Table = {"layer": (text, True), "stride": (count, True), "channels": (count, True)}
_WEIGHTS: Table = {
    "tag": (name, True),
    "url": (text, True),
    "hash": (_hash, True),
    "license": (text, True),
    "size": (count, False),
    "layout": (target, False),
    "config": (mapping(_anything), False),
    "preprocessing": (mapping(_anything), False),
    "class_names": (_names, False),
    "metrics": (mapping(_anything), False),
}
_ANY: Table = {  # what an entry of every kind may say
    "name": (name, True),
    "summary": (text, True),
    "tags": (many(text), False),
    "aliases": (many(name), False),
    "deprecated": (text, False),
    "requires": (many(text), False),
}
_BUILT: Table = {**_ANY, "build": (target, True)}

ENTRIES: Mapping[str, Table] = {
    **dict.fromkeys(spec.KINDS, _BUILT),
    "model": {
        **_BUILT,
        "task": (name, True),
        "params": (count, True),
        "variables": (count, True),
        "license": (text, True),
        "paper": (_paper, False),
        "input_shape": (_shape, False),
        "num_classes": (count, False),
        "levels": (mapping(record(spec.Level, _LEVEL)), False),
        "weights": (many(record(spec.Weights, _WEIGHTS)), False),
    },
    "dataset": {
        **_BUILT,
        "task": (name, True),
        "argument": (text, False),
        "license": (text, False),
        "url": (text, False),
        "splits": (mapping(count), False),
        "input_shape": (_shape, False),
        "num_classes": (count, False),
    },
    "recipe": {
        **_ANY,
        "model": (text, True),
        "dataset": (text, True),
        "settings": (mapping(_anything), True),
    },
}

HEAD: Table = {  # beside the entries' tables
    "api": (count, True),
    "modules": (many(module), False),
    "serial_package": (text, False),
}

REMOVED: Table = {  # a name that was here once, so that those who ask for it are told
    "kind": (name, False),
    "name": (name, True),
    "since": (text, True),
    "use": (text, True),
}
