"""An evaluation on disk: its figures as JSON, its arrays beside them."""

import dataclasses
import io
import json
import os
import pathlib

import numpy as np

from dlkit.registry.errors import DlkitError
from dlkit.tasks.base import Evaluation
from dlkit.train import atomic


def write(folder: str | os.PathLike, evaluation: Evaluation) -> None:
    """Writes `evaluation.npz`, then `evaluation.json`, which vouches for it."""
    folder = pathlib.Path(folder)
    arrays = io.BytesIO()
    np.savez_compressed(arrays, **evaluation.arrays)
    atomic.write_bytes(folder / "evaluation.npz", arrays.getvalue())
    figures = {
        field.name: getattr(evaluation, field.name)
        for field in dataclasses.fields(evaluation)
        if field.name != "arrays"
    }
    atomic.write_text(folder / "evaluation.json", json.dumps(figures, indent=2) + "\n")


def read(folder: str | os.PathLike) -> Evaluation | None:
    """The folder's evaluation; None where there is none yet.

    Raises:
        DlkitError: a file is damaged; it is named.
    """
    folder = pathlib.Path(folder)
    path = folder / "evaluation.json"
    if not path.exists():
        return None
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
        path = folder / "evaluation.npz"
        with np.load(path, allow_pickle=False) as arrays:
            figures["arrays"] = dict(arrays)
        return Evaluation(**{**figures, "class_names": tuple(figures["class_names"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DlkitError(
            f"{path}: is damaged ({type(error).__name__}: {error})",
            f"Make it again: dlkit eval {folder}",
        ) from None
