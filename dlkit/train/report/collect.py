"""Reads a run folder, and says file, line and remedy when it cannot."""

import dataclasses
import os
import pathlib
import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from dlkit import plots
from dlkit.train import folders, history
from dlkit.train.report import files
from dlkit.train.report.files import ReportError

CLASSIFIER = ("labels", "probabilities")


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """What a run folder says.

    Attributes:
        folder: the folder, as the caller named it.
        config_text: `config.yaml` as it stands.
        config: its settings by dotted name, `optimizer.learning_rate`.
        env: `env.json`.
        history: the columns of `log.csv` by name, each (epochs,).
        state: `state.json`, empty before training begins; its best is one whose model is there.
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

    @property
    def class_names(self) -> list[str]:
        """The classes' names, by the evaluation or by number."""
        named = (self.evaluation or {}).get("class_names")
        return named or [str(k) for k in range(self.arrays["probabilities"].shape[-1])]

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
            "See what can be trained, which makes one: dlkit models",
        )
    text = files.text(config_file, "Restore the file from where the run was copied.")
    config = flatten(files.yaml_settings(config_file, text))
    anew = f"or train anew: dlkit train -c {shlex.quote(str(config_file))}"
    restore, remove = f"Restore the file, {anew}", f"Remove the file, {anew}"
    env_file = folder / "env.json"
    env = files.json_object(env_file, restore)
    files.expect_objects(env_file, env, ("model", "data", "threads", "plugins"), restore)
    state_file, evaluation_file = folder / "state.json", folder / "evaluation.json"
    evaluate = f"Make it again: dlkit eval {shlex.quote(str(folder))}"
    evaluation = files.json_object(evaluation_file, evaluate) if evaluation_file.exists() else None
    if evaluation is not None:
        files.expect_objects(evaluation_file, evaluation, ("metrics", "baseline"), evaluate)
    arrays_file = folder / "evaluation.npz"
    arrays = files.arrays(arrays_file, evaluate) if evaluation and arrays_file.exists() else {}
    state = files.json_object(state_file, remove) if state_file.exists() else {}
    files.expect_objects(state_file, state, ("best",), remove)
    kept = history.kept_best(folder, state)
    state |= {"best": kept} if kept else {}
    log_file = folder / "log.csv"
    if not log_file.exists() and not state.get("epochs_done"):
        raise ReportError(
            f"{folder} has nothing to report yet: no epoch of it has finished",
            f"Go on with it: {folders.command('resume', folder)}",
        )
    log = files.columns(log_file, anew)
    return RunFiles(str(folder), text, config, env, log, state, evaluation, arrays)


def answers(run: RunFiles) -> list[plots.Section]:
    """Returns the sections that a classifier's answers in `evaluation.npz` allow.

    Raises:
        ReportError: the arrays contradict each other.
    """
    if any(name not in run.arrays for name in CLASSIFIER):
        return []
    file = pathlib.Path(run.folder) / "evaluation.npz"
    truth, probabilities = (run.arrays[name] for name in CLASSIFIER)
    try:
        return plots.sections(
            truth,
            probabilities,
            run.class_names,
            run.arrays.get("mistake_images"),
            run.arrays.get("mistake_rows"),
        )
    except (ValueError, IndexError) as error:
        raise ReportError(f"{file} contradicts itself: {error}",
                          f"Make it again: {run.command('eval')}") from error  # fmt: skip


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested settings by dotted name."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat
