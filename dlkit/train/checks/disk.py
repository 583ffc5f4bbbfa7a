"""Whether what the run will save can be written where it goes."""

import pathlib
import shutil
import tempfile
import time

from dlkit.train import checkpoint as checkpoints
from dlkit.train import state
from dlkit.train.checks.finding import FAIL, OK, WARNING, Finding
from dlkit.train.checks.subject import Subject

COPIES = 4  # last, prev, best, and the one that is being written


def checkpoint(subject: Subject) -> Finding:
    """Writes a checkpoint beside where the run goes, reads it back, and removes it."""
    place = _standing(subject.run.folder)
    arrays = state.capture(subject.model)
    size = sum(value.nbytes for value in arrays.values())
    began = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix=".dlkit-check-", dir=place) as aside:
            checkpoints.write(
                pathlib.Path(aside) / "last", {"step": 0, "epochs_done": 0}, arrays=arrays
            )
            taken = time.perf_counter() - began
            checkpoints.read(pathlib.Path(aside) / "last")
    except (OSError, checkpoints.Damaged) as error:
        told = getattr(error, "strerror", None) or error
        return Finding("checkpoint", FAIL, f"{place}: {told}", "Choose a folder: --run DIR")
    free = shutil.disk_usage(place).free
    told = (
        f"{size / 1e6:,.1f} MB, written in {1000 * taken:,.0f} ms; {place} has "
        f"{free / 1e9:,.0f} GB free"
    )
    if free < COPIES * size:
        return Finding(
            "checkpoint",
            FAIL,
            f"{told}, too little for {COPIES} of them",
            "Free some space there, or choose a folder: --run DIR",
        )
    if free < 10 * COPIES * size:
        return Finding("checkpoint", WARNING, told, "Free some space there")
    return Finding("checkpoint", OK, told)


def _standing(folder: pathlib.Path) -> pathlib.Path:
    """The nearest folder above that is there."""
    folder = folder.absolute()
    return next(parent for parent in (folder, *folder.parents) if parent.is_dir())
