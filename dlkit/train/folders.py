"""Run folders: where new ones go, and where a run's checkpoints are."""

import os
import pathlib

from dlkit.registry.errors import DlkitError

CONFIG = "config.yaml"


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


def newest_checkpoint(folder: pathlib.Path) -> pathlib.Path:
    """The checkpoint to go on from: `last`, or `prev` where `last` was lost."""
    for name in ("last", "prev"):
        path = folder / "ckpt" / name
        if (path / "state.json").exists() and (path / "model.keras").exists():
            return path
    raise RunError(
        f"{folder} has no checkpoint to go on from: no epoch of it has finished.",
        f"Begin anew: dlkit train -c {folder / CONFIG} --run {folder}-2",
    )


def best_model(folder: pathlib.Path) -> pathlib.Path:
    """The file of the best model; of the last one where none was ever best."""
    for name in ("best", "last", "prev"):
        path = folder / "ckpt" / name / "model.keras"
        if path.exists():
            return path
    raise RunError(
        f"{folder} has no checkpoint: no epoch of it has finished.",
        f"Begin anew: dlkit train -c {folder / CONFIG} --run {folder}-2",
    )
