"""The callbacks of a run, in the order in which each needs the others' work."""

import pathlib

import keras

from dlkit.tasks.base import Task
from dlkit.train import checkpoint, cluster, folders, worker_state
from dlkit.train.callbacks import csv_log
from dlkit.train.callbacks.checkpoints import Checkpoints
from dlkit.train.callbacks.clock import Clock
from dlkit.train.callbacks.ema import EMA
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
    """
    steps = stream.steps_per_epoch
    clock = Clock(min(len(stream.rows), steps * recipe.batch_size), steps, waiting)
    chosen = [clock]
    if worker == 0:
        log = csv_log.CSVLog(folder / "log.csv", saved.history if saved else ())
        chosen += [log, keras.callbacks.TensorBoard(folder / "tb", write_graph=False)]
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
    )
    status = None
    if worker == 0:
        status = Status(folder / "state.json", checkpoints, reasons)
        stateful.append(status)
    if stream.replicas == 1:
        first_step = saved.step if saved else 0
        report = NaNReport(folder / "nan", stream, first_step=first_step, status=status)
    else:  # a replay would make sums over replicas, which all of them had to take part in
        report = keras.callbacks.TerminateOnNaN()
    chosen.insert(0, report)
    workers = len(cluster.current())
    verb = f"launch -n {workers} -- resume" if workers > 1 else "resume"
    go_on = folders.command(verb, folder)
    spec = stream.element_spec if saved else None  # to know it, the stream has to be built
    return around(saved, chosen, checkpoints, batch_spec=spec, go_on=go_on, status=status)
