"""All that a run needs to go on as if nothing had happened, and its files.

A checkpoint is a folder with `state.npz`, which holds every variable (weights, seeds, optimizer
slots, moving averages, loss scale, running metrics), and `state.json`, which holds the step, the
history and the callbacks' states, and vouches for the arrays by their SHA-256. `last` and `prev`
are such folders; `best` holds `model.keras` in the arrays' place.
"""

import contextlib
import dataclasses
import hashlib
import io
import json
import logging
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import ml_dtypes
import numpy as np

from dlkit.registry import errors
from dlkit.train import atomic, replicas, strict_json
from dlkit.train.folders import RunError
from dlkit.weights import npz

FORMAT = 1
ARRAYS, FACTS, MODEL = "state.npz", "state.json", "model.keras"
NAMES = ("last", "prev", "best")  # of the folders, in the order in which a run goes on from them

_log = logging.getLogger(__name__)


class Damaged(Exception):
    """A file of a checkpoint is not what was written; the text names file and cause."""


@dataclasses.dataclass(frozen=True)
class Saved:
    """A checkpoint that was read and found whole.

    Attributes:
        path: its folder.
        step: training steps done, over all epochs.
        epochs_done: whole epochs done.
        best: epoch, monitored value's name and value of the best epoch so far; None before.
        history: one row an epoch, `epoch` (from 1) and its logged values.
        callbacks: the callbacks' states by their name.
        arrays: every variable; empty for `best`, whose file is a whole model.
    """

    path: pathlib.Path
    step: int = 0
    epochs_done: int = 0
    best: Mapping[str, Any] | None = None
    history: Sequence[Mapping[str, Any]] = ()
    callbacks: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every variable of a compiled model by its place: `model/0`, `optimizer/3`, `metrics/1`.

    Places stand for names because Keras numbers the names of unnamed layers by how many there
    were before in the process.
    """
    groups = {
        "model": model.variables,
        "optimizer": model.optimizer.variables,
        "metrics": model.metrics_variables,
    }
    return {f"{group}/{i}": v for group, found in groups.items() for i, v in enumerate(found)}


def capture(model: keras.Model) -> dict[str, np.ndarray]:
    """The values of every variable; bfloat16, which files of arrays lack, as its bits."""
    held = variables(model).items()
    return {k: _packed(value) for key, v in held for k, value in replicas.values(key, v)}


def restore(model: keras.Model, saved: Saved, metrics: bool = True) -> None:
    """Gives every variable its saved value.

    What the model does not have yet is left out: metrics have no variables before the first step.

    Args:
        model: the compiled model.
        saved: the checkpoint.
        metrics: whether the running metrics are restored too.

    Raises:
        RunError: the checkpoint is another model's; the first difference is named, and no
            variable is changed.
    """
    if not model.optimizer.built:
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)
    for key, v in variables(model).items():
        there = saved.arrays.get(key)
        if there is None and key.startswith("metrics/"):
            continue
        if there is None or tuple(there.shape) != tuple(v.shape):
            had = "nothing" if there is None else f"shape {tuple(there.shape)}"
            raise RunError(
                f"{saved.path} is not of this model: {v.path} has shape {tuple(v.shape)}, and the "
                f"checkpoint has {had} in its place ({key}).",
                "Build the model and its optimizer as they were when it was saved",
            )
    keys = [key for key in saved.arrays if metrics or not key.startswith("metrics/")]
    _assign(model, {key: saved.arrays[key] for key in keys})


@contextlib.contextmanager
def values(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Gives a model other values, as `capture` made them of it, while the block runs."""
    now = capture(model)
    _assign(model, arrays)
    try:
        yield
    finally:
        _assign(model, now)


def digest(model: keras.Model) -> str:
    """SHA-256 in hex over every variable's bytes: equal digests mean equal runs."""
    found = hashlib.sha256()
    for key, value in capture(model).items():
        found.update(f"{key}{value.dtype.str}{value.shape}".encode())
        found.update(np.ascontiguousarray(value))
    return found.hexdigest()


def write(
    path: str | os.PathLike,
    facts: Mapping[str, Any],
    *,
    arrays: Mapping[str, np.ndarray] | None = None,
    model: keras.Model | None = None,
    keep: str | os.PathLike | None = None,
) -> None:
    """Writes a checkpoint folder, whole or not at all.

    Args:
        path: the folder to make or replace.
        facts: `step`, `epochs_done` and what else `Saved` has; plain values.
        arrays: the variables, from `capture`; or
        model: the whole model, for `best`.
        keep: where the folder that stood at `path` goes.
    """
    with atomic.folder(path, keep) as aside:
        if model is not None:
            file = aside / MODEL
            model.save(file)
            content = file.read_bytes()
        else:
            packed = io.BytesIO()
            np.savez(packed, **arrays)
            content = packed.getvalue()
            file = aside / ARRAYS
            file.write_bytes(content)
        vouched = {file.name: hashlib.sha256(content).hexdigest()}
        text = strict_json.dumps({"format": FORMAT, "sha256": vouched, **facts})
        (aside / FACTS).write_text(text, encoding="utf-8")


def read(path: pathlib.Path) -> Saved:
    """Reads a checkpoint folder and holds it against its hashes.

    Raises:
        Damaged: a file is missing, cut short or changed.
        FileNotFoundError: there is no such folder.
    """
    if not path.is_dir():
        raise FileNotFoundError(path)
    file = path / FACTS
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise Damaged(f"{file} is of format {facts['format']}; this dlkit reads {FORMAT}")
        for name, expected in facts["sha256"].items():
            if name not in (ARRAYS, MODEL):
                raise Damaged(f"{file} vouches for {name!r}, which is no file of a checkpoint")
            file = path / name
            with file.open("rb") as content:
                if hashlib.file_digest(content, "sha256").hexdigest() != expected:
                    raise Damaged(f"{file} was changed or cut short: its SHA-256 differs")
        arrays = {}
        if ARRAYS in facts["sha256"]:
            arrays = npz.read(path / ARRAYS)
        known = [field.name for field in dataclasses.fields(Saved)]
        rest = {name: facts[name] for name in known if name in facts}
        return Saved(path=path, arrays=arrays, **rest)
    except FileNotFoundError:
        raise Damaged(f"{file} is missing") from None
    except OSError as error:
        raise Damaged(f"{file} cannot be read ({error.strerror})") from None
    except errors.UnsafeFile as error:
        raise Damaged(error.message) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Damaged(f"{file} is damaged ({type(error).__name__}: {error})") from None


def newest(folder: pathlib.Path) -> Saved | None:
    """The checkpoint to go on from: `last`, or with a warning `prev` or `best` where it is ruined.

    Returns:
        The checkpoint; None where no epoch and no save was ever finished.

    Raises:
        RunError: there were checkpoints, and none can be read; each cause is named.
    """
    causes = []
    for name in NAMES:
        try:
            found = read(folder / name)
        except FileNotFoundError:
            continue
        except Damaged as damaged:
            causes.append(str(damaged))
            continue
        for cause in causes:
            _log.warning("%s. Going on from %s, step %d.", cause, found.path, found.step)
        return found
    if not causes:
        return None
    raise RunError(
        f"no checkpoint of {folder.parent} can be read:\n  " + "\n  ".join(causes),
        "Restore one of these files from a copy, or train anew into another folder",
    )


def _assign(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
    for key, v in variables(model).items():
        if key in arrays:
            for component, value in replicas.pairs(key, v, arrays):
                component.assign(_unpacked(value, v.dtype))


def _packed(value: np.ndarray) -> np.ndarray:
    return value.view(np.uint16) if value.dtype == ml_dtypes.bfloat16 else value


def _unpacked(value: np.ndarray, dtype: str) -> np.ndarray:
    return value.view(ml_dtypes.bfloat16) if str(dtype) == "bfloat16" else value
