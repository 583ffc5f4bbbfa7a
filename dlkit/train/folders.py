"""Run folders: where new ones go, what is said of those that are none, and how a run stands."""

import json
import os
import pathlib
import shlex
from collections.abc import Mapping
from typing import Any

from dlkit.registry.errors import DlkitError
from dlkit.train import atomic, strict_json

CONFIG, ENVIRONMENT, STATE = "config.yaml", "env.json", "state.json"


class RunError(DlkitError):
    """The folder is no run, or is one already, or lacks what was asked of it."""


def stem(model: str, dataset: str) -> str:
    """What a file or folder of a model on a dataset is called, before its number or suffix."""
    return f"{model}-{dataset}".replace("/", "-").replace(":", "-")


def new_folder(model: str, dataset: str, base: str | os.PathLike = "runs") -> pathlib.Path:
    """A new folder `runs/MODEL-DATASET-NN`, with the first number that is free."""
    name = stem(model, dataset)
    for number in range(1, 10_000):
        folder = pathlib.Path(base) / f"{name}-{number:02d}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue
    raise RunError(f"{base} has 9,999 runs of {name}.", "Choose a folder: --run DIR")


def check_is_run(folder: pathlib.Path) -> None:
    """Refuses a folder that no run was begun in.

    Raises:
        RunError: it has no `config.yaml`.
    """
    if not (folder / CONFIG).exists():
        what = "it is a file" if folder.is_file() else f"it has no {CONFIG}"
        raise RunError(f"{folder} is no run folder: {what}.", "Make one: dlkit train lenet5")


def check_is_free(folder: pathlib.Path) -> None:
    """Refuses a folder that a run was begun in, with the two ways out.

    Raises:
        RunError: a new run would write over it, or it is a file.
    """
    other = shlex.quote(f"{folder}-2")
    if folder.is_file():
        raise RunError(f"{folder} is a file.", f"Choose another folder: --run {other}")
    if (folder / CONFIG).exists():
        raise RunError(
            f"{folder} holds a run already, and a new one would write over it.",
            f"Go on with it: {command('resume', folder)}\n"
            f"  Or keep it and choose another folder: --run {other}",
        )


def status(folder: pathlib.Path) -> str:
    """The status that `state.json` tells; empty before any step."""
    try:
        found = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return str(found["status"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def write_status(folder: pathlib.Path, facts: Mapping[str, Any]) -> None:
    """Writes `state.json`: status, epochs done, seconds and the best epoch."""
    atomic.write_text(folder / STATE, strict_json.dumps(facts))


def command(verb: str, folder: pathlib.Path) -> str:
    """The command that does `verb` to a run, quoted for a shell."""
    return f"dlkit {verb} {shlex.quote(str(folder))}"


def anew(folder: pathlib.Path) -> str:
    """The command that trains a run's recipe from the start, into another folder."""
    config, other = shlex.quote(str(folder / CONFIG)), shlex.quote(f"{folder}-2")
    return f"Begin anew: dlkit train -c {config} --run {other}"
