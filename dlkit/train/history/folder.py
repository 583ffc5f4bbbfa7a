"""A run's folder -> its record; a folder of runs -> theirs."""

import csv
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import yaml

from dlkit.train import atomic, lock, yaml_text
from dlkit.train.folders import CONFIG, ENVIRONMENT
from dlkit.train.history.record import Record, flat

STATE, LOG, EVALUATION = "state.json", "log.csv", "evaluation.json"


def read(folder: str | os.PathLike) -> Record:
    """Reads a run's folder; never raises over what is in it."""
    folder = pathlib.Path(folder)
    problems: list[str] = []

    def tried(name: str, reader: Any) -> dict[str, Any]:
        try:
            return reader(folder / name)
        except FileNotFoundError:
            if name == CONFIG:
                problems.append(_without_config(folder))
        except OSError as error:
            problems.append(f"{name} cannot be read ({error.strerror})")
        except (ValueError, TypeError, RecursionError, csv.Error, yaml.YAMLError) as error:
            reason = getattr(error, "problem", None) or error
            problems.append(f"{name} is damaged ({' '.join(str(reason).split())})")
        return {}

    state = tried(STATE, _object)
    kept = kept_best(folder, state)
    return Record(
        folder,
        settings=tried(CONFIG, _settings),
        env=tried(ENVIRONMENT, _object),
        state=state,
        kept=kept,
        log=tried(LOG, _columns),
        evaluation=tried(EVALUATION, _object),
        seen=_seen(folder),
        alive=_is_alive(folder, state),
        problem="; ".join(problems),
    )


def listing(base: str | os.PathLike) -> list[Record]:
    """The runs in a folder, by name; or the one run that the folder itself is.

    Folders that hold nothing of a run are passed over, but not empty ones: a run that was just
    begun, or died at once, leaves such.
    """
    base = pathlib.Path(base)
    if is_run(base):
        return [read(base)]
    return [read(folder) for folder in _folders(base) if is_run(folder) or _is_empty(folder)]


def groups(base: str | os.PathLike) -> dict[pathlib.Path, int]:
    """The folders in `base` that hold runs of their own, such as a search's, and how many."""
    found = {
        folder: sum(is_run(inner) for inner in _folders(folder))
        for folder in _folders(pathlib.Path(base))
        if not is_run(folder)
    }
    return {folder: count for folder, count in found.items() if count}


def is_run(folder: pathlib.Path) -> bool:
    """Whether the folder holds something that only a run writes."""
    return any((folder / name).exists() for name in (CONFIG, ENVIRONMENT, STATE))


def kept_best(folder: pathlib.Path, state: Mapping[str, Any]) -> dict[str, Any]:
    """The best epoch whose model is there, of a run that names a best one and is not under way.

    What `state.json` names may have been in memory alone, and be gone with its process.

    Args:
        folder: the run's.
        state: its `state.json`.

    Returns:
        Epoch, monitored value's name and value; empty where `state` is to be believed.
    """
    if not state.get("best") or _is_alive(folder, state):
        return {}
    try:
        found = _object(atomic.standing(folder / "ckpt" / "best") / STATE)["best"]
    except (OSError, ValueError, LookupError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _without_config(folder: pathlib.Path) -> str:
    if not folder.exists():
        return "there is no such folder"
    return f"no {CONFIG}: it was left before its first step, or is no run"


def _settings(path: pathlib.Path) -> dict[str, Any]:
    found = yaml_text.load(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError("no settings in it")
    return flat(found)


def _object(path: pathlib.Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError("no object in it")
    return found


def _columns(path: pathlib.Path) -> dict[str, list[float]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [float(row[name] or "nan") for row in rows] for name in names}


def _seen(folder: pathlib.Path) -> float:
    files = [folder / STATE, folder / LOG, folder / "ckpt" / "last" / STATE]
    times = []
    for file in files:
        try:
            times.append(file.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=0.0)


def _is_alive(folder: pathlib.Path, state: Mapping[str, Any]) -> bool | None:
    """Whether a process holds the run's lock, which the system takes away with the process."""
    if state.get("status") != "running":
        return False
    if lock.fcntl is None or not (folder / lock.FILE).exists():
        return None
    try:
        return lock.is_held(folder)
    except OSError:  # somebody else's folder, which may be read and not locked
        return None


def _folders(base: pathlib.Path) -> list[pathlib.Path]:
    try:
        return sorted(f for f in base.iterdir() if f.is_dir() and not f.name.startswith("."))
    except OSError:
        return []


def _is_empty(folder: pathlib.Path) -> bool:
    """Whether there is nothing in it but perhaps the lock that a run begins with."""
    try:
        return all(inner.name == lock.FILE for inner in folder.iterdir())
    except OSError:
        return False
