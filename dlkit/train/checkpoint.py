"""Checkpoints on disk: folders that are whole, vouched for, or passed over.

`last` and `prev` hold `state.npz`, every variable of a run, and `state.json`: the step, the
history and the callbacks' states. `best` holds the same of the best epoch, or in the arrays' place
`model.keras`, for `dlkit.load_model`. Each `state.json` vouches for the file beside it by its
SHA-256.
"""

import dataclasses
import hashlib
import io
import json
import logging
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from dlkit.registry import errors
from dlkit.train import atomic, strict_json
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
        workers: how many processes trained together when it was saved.
        recipe: what it was trained by, as plain values; empty where nobody noted it.
        arrays: every variable; empty where the file is a whole model.
    """

    path: pathlib.Path
    step: int = 0
    epochs_done: int = 0
    best: Mapping[str, Any] | None = None
    history: Sequence[Mapping[str, Any]] = ()
    callbacks: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    workers: int = 1
    recipe: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """All but the place and the arrays: what `write` takes."""
        names = (field.name for field in dataclasses.fields(self))
        return {name: getattr(self, name) for name in names if name not in ("path", "arrays")}


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
        model: the whole model.
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


def best(folder: pathlib.Path) -> Saved | None:
    """The best epoch's checkpoint, or the newest where none was ever best or, with a warning, where
    it is ruined; None before the first.

    Raises:
        RunError: there were checkpoints, and none can be read.
    """
    try:
        return read(atomic.standing(folder / "best"))
    except FileNotFoundError:
        return newest(folder)
    except Damaged as damaged:
        _log.warning("%s. Taking the last epoch's model in its place.", damaged)
        return newest(folder)
