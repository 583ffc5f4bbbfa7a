"""Where each of several workers keeps its checkpoints, and the one that all of them go on from.

The chief's are those of a run on one device. Worker 1 has its own beside them, `ckpt/worker-1/last`
and `ckpt/worker-1/prev`: its seeds and its share of the running metrics are its own, and to ask the
chief for them would be one more step that all have to take at once. No worker can begin a step
before all have saved the one before, so their newest saves lie one save apart at most. Each
checkpoint says how many workers saved it: those that were not among them join.
"""

import dataclasses
import logging
import pathlib
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from dlkit.train import checkpoint, replicas, state
from dlkit.train.folders import RunError

_NAMES = ("last", "prev")
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Having:
    """What a worker has: of each step that it can read, how many workers saved it.

    Attributes:
        makers: {step: number of workers}.
        count: how many checkpoints there are, ruined ones too.
    """

    makers: dict[int, int]
    count: int


def folder(ckpt: pathlib.Path, index: int) -> pathlib.Path:
    """A worker's folder of checkpoints: the chief's is `ckpt` itself."""
    return ckpt / f"worker-{index}" if index else ckpt


def newest(ckpt: pathlib.Path, there: tf.distribute.Strategy) -> checkpoint.Saved | None:
    """This worker's checkpoint of the newest step that all who saved it have one of.

    All workers have to call it. A worker that joins a run takes the chief's, with empty sums of
    metrics.

    Args:
        ckpt: the run's folder of checkpoints.
        there: the workers' strategy; with one worker the checkpoint is `checkpoint.newest`'s.

    Raises:
        RunError: there are checkpoints, and none that can be gone on from.
    """
    workers = replicas.workers(there)
    if len(workers) == 1:
        saved = checkpoint.newest(ckpt)
        if saved is not None and saved.arrays:
            _warn_of_fewer(saved.workers, 1)
        return saved
    place = folder(ckpt, workers.index)
    own = _readable(place)
    agreed = _agreed(ckpt, _gathered(there, place, own))
    if agreed is None:
        return None
    step, makers = agreed
    _warn_of_fewer(makers, len(workers))
    if workers.index < makers and step in own and own[step].workers == makers:
        return own[step]
    _log.warning(
        "Worker %d joins at step %d: the running metrics of this epoch leave out what it, or the "
        "worker in its place, has not saved.", workers.index, step,
    )  # fmt: skip
    return _borrowed(ckpt, step)


def restore(model: keras.Model, saved: checkpoint.Saved, ckpt: pathlib.Path) -> None:
    """Gives a model what `newest` found; what is the chief's gets this worker's seeds for good."""
    state.restore(model, saved)
    there = model.distribute_strategy
    if saved.path.parent == folder(ckpt, replicas.workers(there).index):
        return
    replicas.separate_seeds(model, replicas.local(there).start)
    for key, variable in state.variables(model).items():
        if variable.name == replicas.SEED:
            saved.arrays.update(replicas.values(key, variable))


def _readable(path: pathlib.Path) -> dict[int, checkpoint.Saved]:
    """The checkpoints of a folder by their step; of ruined ones it warns."""
    found = {}
    for name in reversed(_NAMES):
        try:
            saved = checkpoint.read(path / name)
            found[saved.step] = saved
        except FileNotFoundError:
            continue
        except checkpoint.Damaged as damaged:
            _log.warning("%s. Leaving it out.", damaged)
    return found


def _gathered(
    there: tf.distribute.Strategy, place: pathlib.Path, own: dict[int, checkpoint.Saved]
) -> list[Having]:
    """What each worker has; this one has `own` in its folder."""
    steps = [*own, -1, -1][:2]
    makers = [*(saved.workers for saved in own.values()), 0, 0][:2]
    count = sum((place / name).is_dir() for name in _NAMES)
    rows = there.gather(tf.constant([[*steps, *makers, count]], tf.int64), axis=0).numpy().tolist()
    return [
        Having({step: n for step, n in zip(row[:2], row[2:4], strict=True) if step >= 0}, row[4])
        for row in rows
    ]


def _agreed(ckpt: pathlib.Path, workers: Sequence[Having]) -> tuple[int, int] | None:
    """The step to go on from and how many workers saved it, by what each has; None begins anew."""
    chief, *others = workers
    for step, makers in sorted(chief.makers.items(), reverse=True):
        if all(other.makers.get(step) == makers for other in others[: makers - 1]):
            return step, makers
    if not chief.makers and any(other.makers for other in others):
        raise RunError(
            f"no checkpoint of {ckpt.parent} can be read by its first worker.",
            "Restore its files from a copy, or train anew into another folder",
        )
    if not chief.makers:
        return None
    step, makers = max(chief.makers.items())
    in_first_save = chief.count == 1 and any(not other.count for other in others[: makers - 1])
    return None if in_first_save else (step, makers)


def _borrowed(ckpt: pathlib.Path, step: int) -> checkpoint.Saved:
    """The chief's checkpoint of a step, as its first replica has it, without sums of metrics."""
    saved = _readable(ckpt)[step]
    arrays = {
        key: np.zeros_like(value) if key.startswith("metrics/") else value
        for key, value in saved.arrays.items()
        if "@" not in key
    }
    return dataclasses.replace(saved, arrays=arrays)


def _warn_of_fewer(then: int, now: int) -> None:
    if then > now:
        _log.warning(
            "%d workers saved this run, and %d go%s on with it: the running metrics of this epoch "
            "leave out what the others saved.", then, now, "es" if now == 1 else "",
        )  # fmt: skip
