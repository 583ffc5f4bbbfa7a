"""An evaluation on disk: its figures as JSON, its arrays beside them."""

import dataclasses
import io
import json
import math
import os
import pathlib
import shlex

import numpy as np

from dlkit.registry.errors import DlkitError
from dlkit.tasks.base import Evaluation
from dlkit.train import atomic, strict_json
from dlkit.weights import npz


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
    atomic.write_text(folder / "evaluation.json", strict_json.dumps(figures))


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
        figures["class_names"] = tuple(figures["class_names"])
        figures["metrics"] = {
            name: math.nan if value is None else value for name, value in figures["metrics"].items()
        }
        evaluation = Evaluation(arrays={}, **figures)
        path = folder / "evaluation.npz"
        return dataclasses.replace(evaluation, arrays=npz.read(path))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = getattr(error, "message", error)
        raise DlkitError(
            f"{path}: is damaged ({type(error).__name__}: {reason})",
            f"Make it again: dlkit eval {shlex.quote(str(folder))}",
        ) from None
