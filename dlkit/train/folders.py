"""Run folders: where new ones go, and what is said of those that are none."""

import os
import pathlib
import shlex

from dlkit.registry.errors import DlkitError

CONFIG, ENVIRONMENT = "config.yaml", "env.json"


class RunError(DlkitError):
    """The folder is no run, or is one already, or lacks what was asked of it."""


def new_folder(model: str, dataset: str, base: str | os.PathLike = "runs") -> pathlib.Path:
    """A new folder `runs/MODEL-DATASET-NN`, with the first number that is free."""
    stem = f"{model}-{dataset}".replace("/", "-")
    for number in range(1, 10_000):
        folder = pathlib.Path(base) / f"{stem}-{number:02d}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue
    raise RunError(f"{base} has 9,999 runs of {stem}.", "Choose a folder: --run DIR")


def anew(folder: pathlib.Path) -> str:
    """The command that trains a run's recipe from the start, into another folder."""
    config, other = shlex.quote(str(folder / CONFIG)), shlex.quote(f"{folder}-2")
    return f"Begin anew: dlkit train -c {config} --run {other}"
