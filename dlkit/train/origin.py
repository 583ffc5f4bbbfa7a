"""What a run began on, held against what it goes on with."""

import json
import logging
import pathlib
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from dlkit.data.source import Source
from dlkit.train import environment, flags, folders
from dlkit.train.folders import ENVIRONMENT, RunError

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


def _threads(facts: Mapping[str, Any]) -> int:
    return (facts.get("threads") or {}).get("intra") or facts.get("cpu_count") or 0
