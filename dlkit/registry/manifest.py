"""A plugin's TOML manifest, read into specs; no code of the plugin runs.

```toml
api = 1
[[model]]
name = "acme-net"
build = "acme_nets.models:acme_net"
…
```

Every problem names the file, the table and the key, and says what was expected there. All the
problems of a file are found in one reading.
"""

import dataclasses
import pathlib
import tomllib
from typing import Any

from dlkit.registry import schema, spec

API = 1
"""The plugin API that this core speaks; a manifest says its own as `api = 1`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, at `where`: `model[2].params`, or `line 7`."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


@dataclasses.dataclass(frozen=True, slots=True)
class Removed:
    """A name that left its plugin, kept so that whoever asks for it learns what to use."""

    kind: str
    name: str
    since: str
    use: str


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """What a file says. With problems, the rest is what could be read all the same."""

    path: pathlib.Path
    api: Any = None
    modules: tuple[str, ...] = ()
    serial_package: str = ""
    specs: tuple[spec.Spec, ...] = ()
    removed: tuple[Removed, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def read(path: pathlib.Path, namespace: str, package: str) -> Manifest:
    """Reads a manifest file; what is wrong with it comes back in `.problems`.

    Args:
        path: the TOML file.
        namespace: the canonical name of the distribution that brings it.
        package: the import package it lies in, the default of `modules` and `serial_package`.
    """
    try:
        content = path.read_bytes().decode("utf-8")
        table = tomllib.loads(content)
    except OSError as error:
        return Manifest(path, problems=(Problem("", f"cannot be read ({error.strerror})"),))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = f"is not UTF-8 (byte {error.object[error.start]:#04x}); save the file as UTF-8"
        return Manifest(path, problems=(Problem(f"line {line}", problem),))
    except tomllib.TOMLDecodeError as error:
        return Manifest(path, problems=(Problem("", f"is not TOML: {error}"),))
    if table.get("api", API) != API and isinstance(table["api"], int):
        return Manifest(path, api=table["api"])  # another API: its tables are not ours to judge
    return _read_tables(path, table, namespace, package)


def _read_tables(path: pathlib.Path, table: dict, namespace: str, package: str) -> Manifest:
    problems: list[Problem] = []
    notes = []
    specs = []
    removed = []
    head = {}
    for key, value in table.items():
        if key in schema.ENTRIES:
            specs += _entries(path, key, value, namespace, problems)
        elif key == "removed":
            rows = _rows(key, value, schema.REMOVED, problems)
            removed += [Removed(**{"kind": "model", **row}) for _, row in rows]
        elif key in schema.HEAD:
            head[key] = value
        elif _is_tables(value):
            notes.append(f"table [[{key}]] is not known to this dlkit and was left out")
        else:
            hint = f"expected one of {', '.join(schema.HEAD)} or a table of entries"
            problems.append(Problem(key, f"unknown key; {hint}"))
    try:
        head = schema.keys(head, schema.HEAD)
    except schema.Wrong as wrong:
        problems.append(Problem(wrong.where.lstrip("."), wrong.problem))
        head = {}
    problems += _twice(specs)
    modules = head.get("modules") or (package,)
    serial_package = head.get("serial_package", package)
    return Manifest(
        path, head.get("api"), modules, serial_package, tuple(specs), tuple(removed),
        tuple(problems), tuple(notes),
    )  # fmt: skip


def _entries(
    path: pathlib.Path, kind: str, value: Any, namespace: str, problems: list[Problem]
) -> list[spec.Spec]:
    return [
        spec.KINDS[kind](kind=kind, namespace=namespace, where=f"{path}: {where}", **row)
        for where, row in _rows(kind, value, schema.ENTRIES[kind], problems)
    ]


def _rows(
    kind: str, value: Any, table: schema.Table, problems: list[Problem]
) -> list[tuple[str, dict]]:
    if not _is_tables(value):
        problems.append(Problem(kind, f"expected an array of tables, [[{kind}]]"))
        return []
    rows = []
    for i, entry in enumerate(value):
        where = f"{kind}[{i}]"
        try:
            rows.append((where, schema.keys(entry, table)))
        except schema.Wrong as wrong:
            named = f" (in {entry['name']!r})" if isinstance(entry.get("name"), str) else ""
            problems.append(Problem(where + wrong.where, wrong.problem + named))
    return rows


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _twice(specs: list[spec.Spec]) -> list[Problem]:
    """Names and aliases share one space a kind; nobody may claim one twice."""
    owner: dict[tuple[str, str], spec.Spec] = {}
    problems = []
    for entry in specs:
        for word in (entry.name, *entry.aliases):
            other = owner.setdefault((entry.kind, word), entry)
            if other is not entry or (word in entry.aliases and word == entry.name):
                where = entry.where.rpartition(": ")[2]
                problems.append(
                    Problem(f"{where}.name", f"{word!r} is taken in this file by {other.name!r}")
                )
    return problems
