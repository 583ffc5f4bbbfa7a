"""Reads a run folder, and says file, line and remedy when it cannot."""

import csv
import dataclasses
import json
import math
import os
import pathlib
import shlex
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml

from dlkit import plots
from dlkit.registry.errors import DlkitError

CLASSIFIER = ("labels", "probabilities")


class ReportError(DlkitError):
    """A run folder from which no report can be made."""


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """What a run folder says.

    Attributes:
        folder: the folder, as the caller named it.
        config_text: `config.yaml` as it stands.
        config: its settings by dotted name, `optimizer.learning_rate`.
        env: `env.json`.
        history: the columns of `log.csv` by name, each (epochs,).
        state: `state.json`, empty while the run is under way.
        evaluation: `evaluation.json`, or None before `dlkit eval`.
        arrays: `evaluation.npz` by name, empty without it.
    """

    folder: str
    config_text: str
    config: Mapping[str, Any]
    env: Mapping[str, Any]
    history: Mapping[str, list[float]]
    state: Mapping[str, Any]
    evaluation: Mapping[str, Any] | None
    arrays: Mapping[str, np.ndarray]

    def command(self, verb: str) -> str:
        """Returns the command that does `verb` to this folder, quoted for a shell."""
        return f"dlkit {verb} {shlex.quote(self.folder)}"


def read(folder: str | os.PathLike) -> RunFiles:
    """Reads the files of a run folder.

    Raises:
        ReportError: it is no run folder, or one of its files is missing or damaged.
    """
    folder = pathlib.Path(folder)
    config_file = folder / "config.yaml"
    if not config_file.is_file():
        what = "has no config.yaml" if folder.is_dir() else "is no folder"
        raise ReportError(
            f"{folder} is no run folder: it {what}",
            "see what can be trained, which makes one: dlkit models",
        )
    text = _text(config_file)
    config = flatten(_yaml(config_file, text))
    anew = f"or train anew: dlkit train {shlex.quote(str(config.get('model', 'NAME')))}"
    anew += f" -c {shlex.quote(str(config_file))}"
    env = _json(folder / "env.json", f"restore the file, {anew}")
    _expect_tables(folder / "env.json", env, ("model", "data", "threads", "plugins"), anew)
    state_file, evaluation_file = folder / "state.json", folder / "evaluation.json"
    evaluate = f"make it again: dlkit eval {shlex.quote(str(folder))}"
    evaluation = _json(evaluation_file, evaluate) if evaluation_file.exists() else None
    if evaluation is not None:
        _expect_tables(evaluation_file, evaluation, ("metrics", "baseline"), evaluate)
    arrays_file = folder / "evaluation.npz"
    arrays = _arrays(arrays_file, evaluate) if evaluation and arrays_file.exists() else {}
    state = _json(state_file, f"remove the file, {anew}") if state_file.exists() else {}
    _expect_tables(state_file, state, ("best",), anew)
    history = _history(folder / "log.csv", anew)
    return RunFiles(str(folder), text, config, env, history, state, evaluation, arrays)


def answers(run: RunFiles) -> list[plots.Section]:
    """Returns the sections that a classifier's answers in `evaluation.npz` allow.

    Raises:
        ReportError: the arrays contradict each other.
    """
    if any(name not in run.arrays for name in CLASSIFIER):
        return []
    file = pathlib.Path(run.folder) / "evaluation.npz"
    truth, probabilities = (run.arrays[name] for name in CLASSIFIER)
    classes = probabilities.shape[-1] if probabilities.ndim == 2 else 0
    names = run.evaluation.get("class_names") or [str(k) for k in range(classes)]
    try:
        return plots.sections(
            truth,
            probabilities,
            names,
            run.arrays.get("mistake_images"),
            run.arrays.get("mistake_rows"),
        )
    except (ValueError, IndexError) as error:
        raise ReportError(f"{file} contradicts itself: {error}",
                          f"make it again: {run.command('eval')}") from error  # fmt: skip


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested settings by dotted name."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _text(file: pathlib.Path, fix: str = "") -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ReportError(f"{file} is missing", fix) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ReportError(f"{file}, line {line}: not UTF-8 text", fix) from error
    except OSError as error:
        raise ReportError(f"{file} cannot be read: {error.strerror}", fix) from error


def _yaml(file: pathlib.Path, text: str) -> Mapping[str, Any]:
    fix = f"repair the line, then: dlkit report {shlex.quote(str(file.parent))}"
    try:
        settings = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ReportError(f"{file}{line}: not YAML ({getattr(error, 'problem', error)})",
                          fix) from error  # fmt: skip
    if not isinstance(settings, dict):
        raise ReportError(f"{file}, line 1: expected settings, `name: value` on each line", fix)
    return settings


def _json(file: pathlib.Path, fix: str) -> dict[str, Any]:
    text = _text(file, fix)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ReportError(f"{file}, line {error.lineno}: not JSON ({error.msg})", fix) from error
    if not isinstance(content, dict):
        raise ReportError(f"{file}, line 1: expected an object, {{…}}", fix)
    return content


def _expect_tables(file: pathlib.Path, content: dict, keys: tuple[str, ...], fix: str) -> None:
    for key in keys:
        if not isinstance(content.get(key) or {}, dict):
            kind = type(content[key]).__name__
            raise ReportError(f"{file}: {key!r} should be an object, {{…}}, not {kind}", fix)


def _history(file: pathlib.Path, anew: str) -> dict[str, list[float]]:
    rows = list(csv.reader(_text(file, f"restore the file, {anew}").splitlines()))
    if len(rows) < 2:
        raise ReportError(f"{file}, line {len(rows) + 1}: no epoch is logged",
                          f"let the run finish one, {anew}")  # fmt: skip
    head = [name.strip() for name in rows[0]]
    if not all(head) or len(set(head)) < len(head):
        raise ReportError(f"{file}, line 1: column names are empty or twice there: "
                          f"{', '.join(head)}", f"repair line 1, {anew}")  # fmt: skip
    history: dict[str, list[float]] = {name: [] for name in head}
    for line, row in enumerate(rows[1:], start=2):
        fix = f"remove line {line} of the file, {anew}"
        if len(row) != len(head):
            raise ReportError(f"{file}, line {line}: {len(row)} values for {len(head)} columns",
                              fix)  # fmt: skip
        for name, value in zip(head, row, strict=True):
            try:
                history[name].append(float(value) if value.strip() else math.nan)
            except ValueError as error:
                raise ReportError(f"{file}, line {line}: {name} is {value!r}, not a number",
                                  fix) from error  # fmt: skip
    return history


def _arrays(file: pathlib.Path, fix: str) -> dict[str, np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ReportError(f"{file} cannot be read: {error}", fix) from error
