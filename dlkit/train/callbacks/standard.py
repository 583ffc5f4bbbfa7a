"""The callbacks of a run, in the order in which each needs the others' work."""

import math
import pathlib
from collections.abc import Callable

import keras

from dlkit.tasks.base import Task
from dlkit.train import checkpoint, cluster, folders, stepwise, worker_state
from dlkit.train.callbacks import states
from dlkit.train.callbacks.checkpoints import Checkpoints
from dlkit.train.callbacks.clock import Clock
from dlkit.train.callbacks.csv_log import CSVLog
from dlkit.train.callbacks.ema import EMA
from dlkit.train.callbacks.epoch_board import EpochBoard
from dlkit.train.callbacks.nan_report import NaNReport
from dlkit.train.callbacks.resumable import around
from dlkit.train.callbacks.status import Status
from dlkit.train.callbacks.time_limit import TimeLimit
from dlkit.train.input_time import InputTime
from dlkit.train.recipe import Recipe
from dlkit.train.stream import Stream


def callbacks(
    folder: pathlib.Path,
    recipe: Recipe,
    task: Task,
    stream: Stream,
    saved: checkpoint.Saved | None = None,
    worker: int = 0,
    waiting: InputTime | None = None,
    alone: Callable[[], keras.Model] | None = None,
    profile: bool = False,
) -> list[keras.callbacks.Callback]:
    """Clock, logs, limits, checkpoints and signals for a run folder.

    Args:
        folder: the run's.
        recipe: says which limits there are.
        task: says what to monitor.
        stream: the training stream.
        saved: the checkpoint that the run goes on from.
        worker: this one's place among several; only the first writes logs, status and the best.
        waiting: the stopwatch of the training data.
        alone: makes the run's model on one device; see `NaNReport`.
        profile: whether some steps are recorded for TensorBoard's profiler.
    """
    steps = stream.steps_per_epoch
    clock = Clock(min(len(stream.rows), steps * recipe.batch_size), steps, waiting)
    chosen = [clock]
    if worker == 0:
        log = CSVLog(folder / "log.csv", saved.history if saved else ())
        done = saved.step if saved else 0
        at_once = stepwise.at_once(recipe.steps_per_execution, steps, done, stream.replicas)
        calls = _profiled(at_once) if profile else 0
        board = EpochBoard(folder / "tb", write_graph=False, profile_batch=calls)
        chosen += [log, board]
    if recipe.optimizer.ema_momentum:
        chosen.insert(0, EMA())
    reasons = {}
    stateful = [clock]
    if recipe.early_stopping:
        stop = keras.callbacks.EarlyStopping(
            task.monitor, patience=recipe.early_stopping, mode=task.mode
        )
        chosen.append(stop)
        stateful.append(stop)
        reasons["stopped early"] = (stop, "stopped_epoch")
    if recipe.max_time:
        limit = TimeLimit(recipe.max_time)
        chosen.append(limit)
        reasons["time limit"] = (limit, "reached")
    checkpoints = Checkpoints(
        worker_state.folder(folder / "ckpt", worker),
        task.monitor,
        task.mode,
        every=recipe.save_every,
        start=saved,
        steps_per_epoch=steps,
        others=stateful,
        keeps_best=worker == 0,
        recipe=recipe.as_dict(),
    )
    status = None
    if worker == 0:
        status = Status(folder / "state.json", checkpoints, reasons)
        if saved:
            states.hand_out([status], saved.callbacks)  # it writes before `Resume` gives the rest
        stateful.append(status)
    report = NaNReport(
        folder / "nan",
        stream,
        first_step=saved.step if saved else 0,
        status=status,
        alone=alone if stream.replicas > 1 else None,
    )
    chosen.insert(0, report)
    workers = len(cluster.current())
    verb = f"launch -n {workers} -- resume" if workers > 1 else "resume"
    go_on = folders.command(verb, folder)
    spec = stream.element_spec if saved else None  # to know it, the stream has to be built
    return around(saved, chosen, checkpoints, batch_spec=spec, go_on=go_on, status=status)


def _profiled(at_once: int) -> tuple[int, int]:
    """The first and the last call that is recorded: ten steps or more, once ten or more are done.

    Keras counts calls, each of which does `at_once` steps; the first one traces.
    """
    calls = math.ceil(10 / at_once)
    return 1 + calls, 2 * calls
