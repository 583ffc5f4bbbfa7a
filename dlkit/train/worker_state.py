"""Where each of several workers keeps its checkpoints, and the one that all of them go on from.

The chief's are those of a run on one device. Worker 1 has its own beside them, `ckpt/worker-1/last`
and `ckpt/worker-1/prev`: its seeds and its share of the running metrics are its own, and to ask the
chief for them would be one more step that all have to take at once. No worker can begin a step
before all have saved the one before, so their newest saves lie one save apart at most.
"""

import logging
import pathlib

import numpy as np
import tensorflow as tf

from dlkit.train import checkpoint, cluster
from dlkit.train.folders import RunError

_log = logging.getLogger(__name__)


def folder(ckpt: pathlib.Path, index: int) -> pathlib.Path:
    """A worker's folder of checkpoints: the chief's is `ckpt` itself."""
    return ckpt / f"worker-{index}" if index else ckpt


def newest(ckpt: pathlib.Path, there: tf.distribute.Strategy) -> checkpoint.Saved | None:
    """This worker's checkpoint of the newest step that all workers have one of.

    All workers have to call it. A worker that joins a run takes the chief's, with empty sums of
    metrics.

    Args:
        ckpt: the run's folder of checkpoints.
        there: the workers' strategy; with one worker the checkpoint is `checkpoint.newest`'s.

    Raises:
        RunError: there are checkpoints, and none that can be gone on from.
    """
    workers = cluster.current()
    if not isinstance(there, tf.distribute.MultiWorkerMirroredStrategy):
        return checkpoint.newest(ckpt)
    own = _readable(folder(ckpt, workers.index))
    began = folder(ckpt, workers.index).is_dir()
    steps = _gathered(there, sorted(own, reverse=True), began)
    step = _agreed(ckpt, steps)
    if step is None or step in own:
        return own.get(step)
    _log.warning(
        "Worker %d joins at step %d: the running metrics of this epoch leave out what it, or the "
        "worker in its place, has not saved.", workers.index, step,
    )  # fmt: skip
    return _borrowed(ckpt, step)


def _readable(path: pathlib.Path) -> dict[int, checkpoint.Saved]:
    """The checkpoints of a folder by their step; of ruined ones it warns."""
    found = {}
    for name in ("prev", "last"):
        try:
            saved = checkpoint.read(path / name)
            found[saved.step] = saved
        except FileNotFoundError:
            continue
        except checkpoint.Damaged as damaged:
            _log.warning("%s. Leaving it out.", damaged)
    return found


def _gathered(
    there: tf.distribute.Strategy, steps: list[int], began: bool
) -> list[tuple[set[int], bool]]:
    """Each worker's steps, and whether it has been in this run before."""
    row = tf.constant([[*[*steps, -1, -1][:2], int(began)]], tf.int64)
    rows = there.gather(row, axis=0).numpy()
    return [({int(s) for s in two if s >= 0}, bool(began)) for *two, began in rows]


def _agreed(ckpt: pathlib.Path, workers: list[tuple[set[int], bool]]) -> int | None:
    """The step to go on from, by what each worker has; None begins anew."""
    common = set.intersection(*(steps for steps, _ in workers))
    if common:
        return max(common)
    (of_chief, _), *others = workers
    if not of_chief and any(steps for steps, _ in others):
        raise RunError(
            f"no checkpoint of {ckpt.parent} can be read by its first worker.",
            "Restore its files from a copy, or train anew into another folder",
        )
    in_first_save = len(of_chief) < 2 and all(began and not steps for steps, began in others)
    return None if in_first_save or not of_chief else max(of_chief)


def _borrowed(ckpt: pathlib.Path, step: int) -> checkpoint.Saved:
    """The chief's checkpoint of a step, without its sums of metrics."""
    saved = _readable(ckpt)[step]
    for key, value in saved.arrays.items():
        if key.startswith("metrics/"):
            saved.arrays[key] = np.zeros_like(value)
    return saved
