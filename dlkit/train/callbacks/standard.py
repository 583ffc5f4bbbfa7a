"""The callbacks of a run, in the order in which each needs the others' work."""

import pathlib
from typing import Any

import keras

from dlkit.tasks.base import Task
from dlkit.train.callbacks import csv_log
from dlkit.train.callbacks.checkpoints import Checkpoints
from dlkit.train.callbacks.clock import Clock
from dlkit.train.callbacks.status import Status
from dlkit.train.callbacks.time_limit import TimeLimit
from dlkit.train.recipe import Recipe
from dlkit.train.stream import Stream


def callbacks(
    folder: pathlib.Path,
    recipe: Recipe,
    task: Task,
    stream: Stream,
    state: dict[str, Any] | None = None,
) -> list[keras.callbacks.Callback]:
    """Clock, checkpoints, logs and limits for a run folder.

    Args:
        folder: the run's.
        recipe: says which limits there are.
        task: says what to monitor.
        stream: the training stream.
        state: a checkpoint's, when the run goes on from it.
    """
    samples = min(len(stream.rows), stream.steps_per_epoch * recipe.batch_size)
    rows = csv_log.read(folder / "log.csv") if state else []
    checkpoints = Checkpoints(
        folder / "ckpt", task.monitor, task.mode, state["best"] if state else None
    )
    chosen = [
        Clock(samples),
        keras.callbacks.TerminateOnNaN(),
        checkpoints,
        csv_log.CSVLog(folder / "log.csv", rows),
        keras.callbacks.TensorBoard(folder / "tb", write_graph=False),
    ]
    reasons = {}
    if recipe.early_stopping:
        stop = keras.callbacks.EarlyStopping(
            task.monitor, patience=recipe.early_stopping, mode=task.mode
        )
        chosen.append(stop)
        reasons["stopped early"] = (stop, "stopped_epoch")
    if recipe.max_time:
        limit = TimeLimit(recipe.max_time)
        chosen.append(limit)
        reasons["time limit"] = (limit, "reached")
    spent = sum(row.get("seconds", 0.0) for row in rows)
    return [*chosen, Status(folder / "state.json", checkpoints, reasons, spent)]
