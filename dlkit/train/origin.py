"""What a run began on, held against what it goes on with."""

import json
import logging
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from dlkit import registry
from dlkit.data.source import Source
from dlkit.registry import errors
from dlkit.train import checkpoint, environment, flags, folders, history, strict_json
from dlkit.train.cadence import Cadence
from dlkit.train.folders import CONFIG, ENVIRONMENT, RunError
from dlkit.train.recipe import Recipe

_log = logging.getLogger(__name__)

# What must be alike for a run to go on to the bit: env.json's key, and what it is called.
_DECISIVE = {
    "processor": "processor",
    "cpu_count": "number of processors",
    "threads": "threads",
    "devices": "devices",
    "flags": "flags",
    "deterministic_ops": "determinism",
    "python": "Python",
    "keras": "Keras",
    "tensorflow": "TensorFlow",
    "dlkit": "dlkit",
}

# What of a recipe a run may go on with changed: how long and how, not what.
_FREE = ("epochs", "max_time", "save_every", "early_stopping", "cache", "data")


def recipe(folder: pathlib.Path) -> Recipe:
    """The recipe in a run's folder.

    Raises:
        DlkitError: its file cannot be read, or says what no field takes.
    """
    path = folder / CONFIG
    try:
        return Recipe.from_yaml(path)
    except errors.DlkitError as error:
        if "--set" in error.fix:  # which the verbs that take a run do not know
            error.fix = f"Set it in {path}"
        raise


def read(folder: pathlib.Path) -> dict[str, Any]:
    """The `env.json` of a run; nothing where the run never came so far.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / ENVIRONMENT
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))
        return dict(recorded)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise RunError(
            f"{path} is damaged ({error}).", "Remove it: the run then goes on without it"
        ) from None


def keep_threads(recorded: Mapping[str, Any]) -> None:
    """Lets TensorFlow use as many threads as the run did: sums come out in the same order."""
    intra = _threads(recorded)
    config = tf.config.threading
    if intra in (0, config.get_intra_op_parallelism_threads() or flags.processors()):
        return
    try:
        config.set_intra_op_parallelism_threads(intra)
        config.set_inter_op_parallelism_threads(recorded["threads"].get("inter") or intra)
    except RuntimeError:  # TensorFlow is at work already; `warn_of_differences` tells of it
        return


def check_data(recorded: Mapping[str, Any], source: Source, folder: pathlib.Path) -> None:
    """Refuses to go on with other data.

    Raises:
        RunError: the fingerprint differs.
    """
    before = (recorded.get("data") or {}).get("fingerprint")
    if before not in (None, "", source.fingerprint):
        raise RunError(
            f"the data of {folder} has changed since it began: its fingerprint was "
            f"{before[:12]}…, and is {source.fingerprint[:12]}… now.",
            f"Restore the data. {folders.anew(folder)}",
        )


def check_recipe(
    saved: Mapping[str, Any], now: Recipe, folder: pathlib.Path, fields: Sequence[str] = ()
) -> None:
    """Refuses another recipe than the one that a checkpoint was trained by.

    Args:
        saved: the checkpoint's, as plain values; an empty one is not compared.
        now: the run's.
        folder: the run's.
        fields: those that matter; by default all that decide how the run comes out.

    Raises:
        RunError: fields differ; each is named with both values.
    """
    if not saved:
        return
    default = Recipe(model=now.model, dataset=now.dataset).as_dict()
    before, after = _compared({**default, **saved}), _compared(now.as_dict())
    changed = [
        f"{path} was {_shown(before, path)}, and is {_shown(after, path)} now"
        for path in dict.fromkeys([*before, *after])
        if _matters(path.partition(".")[0], fields) and _shown(before, path) != _shown(after, path)
    ]
    if changed:
        config = folder / CONFIG
        raise RunError(
            f"{config} is not what {folder} was trained by: {'; '.join(changed)}.",
            f"Restore it in {config}. {folders.anew(folder)}",
        )


def check_never_saved(
    folder: pathlib.Path, save_every: str, steps_per_epoch: Callable[[], int]
) -> None:
    """Refuses to begin anew in the folder of a run whose checkpoints were lost.

    Args:
        folder: the run's; no checkpoint of it can be gone on from.
        save_every: the recipe's.
        steps_per_epoch: tells how many steps there are.

    Raises:
        RunError: epochs were done that must have been saved.
    """
    if any((folder / "ckpt" / name).exists() for name in checkpoint.NAMES):
        return  # one of several workers was in its first save
    found = history.read(folder)
    done = max(found.epochs_done, len(found.log.get("epoch", ())))
    if not done:
        return
    ended = found.state.get("status") not in (None, "running")
    # The first save may have been that of the last epoch's end, and the process killed in it.
    if ended or Cadence.parse(save_every).due(
        steps=done * steps_per_epoch() - 1,
        seconds=sum(found.log.get("seconds", ())[: done - 1]),
        epochs=done - 1,
    ):
        epochs = "1 epoch was" if done == 1 else f"{done} epochs were"
        raise RunError(
            f"{epochs} done in {folder}, and their checkpoints are gone.", folders.anew(folder)
        )


def mend_status(saved: checkpoint.Saved, epochs: int, folder: pathlib.Path) -> None:
    """Writes a `state.json` that is lost or damaged anew, by a checkpoint."""
    if folders.status(folder):
        return
    facts = {
        "status": "finished" if saved.epochs_done >= epochs else "running",
        "epochs_done": saved.epochs_done,
        "seconds": saved.callbacks.get("Status", {}).get("seconds"),
        "best": saved.best,
    }
    folders.write_status(folder, facts)


def warn_of_differences(recorded: Mapping[str, Any]) -> None:
    """Names what makes a run that goes on here differ in its last digits."""
    here = environment.machine()
    found = []
    for key, name in _DECISIVE.items():
        before, now = recorded.get(key), here[key]
        if key == "threads":
            before, now = _threads(recorded), _threads(here)
        if key in recorded and before != now:
            found.append(f"{name}: {before} then, {now} now")
    if found:
        _log.warning(
            "This run began otherwise (%s): its figures may differ in the last digits from those "
            "of a run that never stopped.", "; ".join(found),
        )  # fmt: skip


def _compared(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe by dotted path, as JSON keeps it, under the names that the registry shows."""
    named = {kind: _display_name(kind, values[kind]) for kind in ("model", "dataset")}
    return history.flat(json.loads(strict_json.dumps({**values, **named})))


def _display_name(kind: str, name: str) -> str:
    try:
        return registry.find(kind, name).display_name
    except errors.DlkitError:  # its plugin is gone; another name it is all the same
        return name


def _matters(field: str, fields: Sequence[str]) -> bool:
    return field in fields if fields else field not in _FREE


def _shown(values: Mapping[str, Any], path: str) -> str:
    return repr(values[path]) if path in values else "not set"


def _threads(facts: Mapping[str, Any]) -> int:
    return (facts.get("threads") or {}).get("intra") or facts.get("cpu_count") or 0
