"""Reads one file of a run folder, or says file, line and remedy."""

import csv
import json
import math
import pathlib
import shlex
from typing import Any

import numpy as np
import yaml

from dlkit.registry.errors import DlkitError
from dlkit.train import yaml_text
from dlkit.weights import npz


class ReportError(DlkitError):
    """A run folder from which no report can be made."""


def text(file: pathlib.Path, fix: str) -> str:
    """Returns the text of a file; `fix` ends the error when it has none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ReportError(f"{file} is missing", fix) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ReportError(f"{file}, line {line}: not UTF-8 text", fix) from error
    except OSError as error:
        raise ReportError(f"{file} cannot be read: {error.strerror}", fix) from error


def yaml_settings(file: pathlib.Path, text: str) -> dict[str, Any]:
    """Returns the settings that the text of a YAML file holds."""
    fix = f"Repair the line, then: dlkit report {shlex.quote(str(file.parent))}"
    try:
        settings = yaml_text.load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ReportError(f"{file}{line}: not YAML ({getattr(error, 'problem', error)})",
                          fix) from error  # fmt: skip
    if not isinstance(settings, dict):
        raise ReportError(f"{file}, line 1: expected settings, `name: value` on each line", fix)
    return settings


def json_object(file: pathlib.Path, fix: str) -> dict[str, Any]:
    """Returns the object that a JSON file holds."""
    written = text(file, fix)
    try:
        content = json.loads(written)
    except json.JSONDecodeError as error:
        raise ReportError(f"{file}, line {error.lineno}: not JSON ({error.msg})", fix) from error
    if not isinstance(content, dict):
        raise ReportError(f"{file}, line 1: expected an object, {{…}}", fix)
    return content


def expect_objects(file: pathlib.Path, content: dict, keys: tuple[str, ...], fix: str) -> None:
    """Checks that what stands under `keys` are objects, or nothing."""
    for key in keys:
        if not isinstance(content.get(key) or {}, dict):
            kind = type(content[key]).__name__
            raise ReportError(f"{file}: {key!r} should be an object, {{…}}, not {kind}", fix)


def columns(file: pathlib.Path, anew: str) -> dict[str, list[float]]:
    """Returns the columns of a CSV file of numbers; an empty cell is NaN."""
    lines = text(file, f"Restore the file, {anew}").splitlines()
    try:
        rows = list(csv.reader(lines))
    except csv.Error as error:
        raise ReportError(f"{file}: not CSV ({error})", f"Restore the file, {anew}") from error
    if len(rows) < 2:
        raise ReportError(f"{file}, line {len(rows) + 1}: no epoch is logged",
                          f"Let the run finish one, {anew}")  # fmt: skip
    head = [name.strip() for name in rows[0]]
    if not all(head) or len(set(head)) < len(head):
        raise ReportError(f"{file}, line 1: column names are empty or twice there: "
                          f"{', '.join(head)}", f"Repair line 1, {anew}")  # fmt: skip
    history: dict[str, list[float]] = {name: [] for name in head}
    for line, row in enumerate(rows[1:], start=2):
        fix = f"Remove line {line} of the file, {anew}"
        if len(row) != len(head):
            raise ReportError(f"{file}, line {line}: {len(row)} values for {len(head)} columns",
                              fix)  # fmt: skip
        for name, value in zip(head, row, strict=True):
            try:
                history[name].append(float(value) if value.strip() else math.nan)
            except ValueError as error:
                raise ReportError(f"{file}, line {line}: {name} is {value!r}, not a number",
                                  fix) from error  # fmt: skip
        if not math.isfinite(history.get("epoch", [line])[-1]):
            raise ReportError(f"{file}, line {line}: the epoch has no number", fix)
    return history


def arrays(file: pathlib.Path, fix: str) -> dict[str, np.ndarray]:
    """Returns the arrays of an .npz file, none of which may hold Python objects."""
    try:
        return npz.read(file)
    except (OSError, ValueError) as error:
        raise ReportError(
            f"{file} cannot be read: {getattr(error, 'message', error)}", fix
        ) from error
