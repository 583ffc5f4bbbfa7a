"""A run in sentences: what was trained, how it ended, how long it took."""

import datetime
import math
from collections.abc import Mapping
from typing import Any

from dlkit.plots import labels
from dlkit.train import durations
from dlkit.train.report.collect import RunFiles

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)

_ENDINGS = {
    "finished": "ran to its last epoch",
    "stopped early": "stopped early, for validation no longer improved",
    "time limit": "stopped at its time limit",
    "interrupted": "was interrupted",
    "diverged": "diverged, which nan/report.txt explains,",
}


def title(run: RunFiles) -> str:
    """Returns `lenet5 on digits`."""
    model = (run.env.get("model") or {}).get("name") or run.config.get("model") or "a model"
    data = (run.env.get("data") or {}).get("name") or run.config.get("dataset") or "its data"
    return f"{labels.isolate(str(model))} on {labels.isolate(str(data))}"


def result(run: RunFiles) -> str:
    """Returns `98.9% test accuracy · 12 s · 61,706 parameters`, as far as it is known."""
    parts = []
    if run.evaluation:
        name, score = headline_metric(run)
        split = run.evaluation.get("split", "test")
        parts.append(f"{labels.value(name, score)} {split} {labels.metric(name).lower()}")
    parts.append(duration(seconds(run)))
    params = (run.env.get("model") or {}).get("params")
    if isinstance(params, int):
        parts.append(f"{params:,} parameters")
    return " · ".join(parts)


def headline_metric(run: RunFiles) -> tuple[str, float]:
    """Returns the metric that the run was judged by and its value in the evaluation."""
    metrics = (run.evaluation or {}).get("metrics") or {}
    monitor = str((run.state.get("best") or {}).get("monitor", "val_accuracy"))
    name = monitor.removeprefix("val_")
    if name not in metrics:
        name = next((other for other in metrics if other != "loss"), next(iter(metrics), name))
    return name, number(metrics.get(name))


def best_epoch(run: RunFiles) -> int | None:
    """Returns the epoch of the best checkpoint, as the log numbers it."""
    epoch = (run.state.get("best") or {}).get("epoch")
    return int(epoch) if isinstance(epoch, int | float) and math.isfinite(epoch) else None


def epochs_done(run: RunFiles) -> int:
    """Returns how many epochs the log holds."""
    return max(len(column) for column in run.history.values())


def seconds(run: RunFiles) -> float:
    """Returns how long the training took, in seconds; NaN where nobody wrote it down."""
    told = number(run.state.get("seconds"))
    return told if math.isfinite(told) else sum(run.history.get("seconds", [math.nan]))


def duration(seconds: float) -> str:
    """Returns 75.2 as `1 min 15 s`."""
    if not math.isfinite(seconds):
        return "unknown time"
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    return durations.whole(seconds)


def moment(iso: object) -> str:
    """Returns an ISO time as `2 May 2025, 14:03`, or what it was when it is none."""
    try:
        then = datetime.datetime.fromisoformat(str(iso))
    except ValueError:
        return str(iso)
    zone = f" {then.tzname()}" if then.tzinfo else ""
    return f"{then.day} {_MONTHS[then.month - 1]} {then.year}, {then:%H:%M}{zone}"


def ending(run: RunFiles) -> str:
    """Says how the training ended, in a sentence."""
    done = epochs_done(run)
    count = f"{done} epoch{'' if done == 1 else 's'}"
    status = run.state.get("status")
    if not status or status == "running":
        return f"It has finished {count} and not ended: still running, or killed while it ran."
    how = _ENDINGS.get(status, str(status))
    told = f"It {how} after {count}, in {duration(seconds(run))}."
    best = run.state.get("best") or {}
    if best_epoch(run) is not None and best.get("monitor"):
        name = str(best["monitor"])
        words = ("validation " if name.startswith("val_") else "") + labels.metric(name).lower()
        value = labels.value(name, number(best.get("value")))
        told += f" Epoch {best_epoch(run)} was the best: {value} {words}."
    return told


def recipe(settings: Mapping[str, Any]) -> str:
    """Says the recipe in one sentence; what the settings do not hold is left out."""
    get = settings.get
    epochs, batch, size = get("epochs"), get("batch_size"), get("image_size")
    plan = f"Up to {epochs} epoch{'' if epochs == 1 else 's'}" if epochs else "Training"
    plan += f" in batches of {batch}" if batch else ""
    plan += f" at {size} × {size} pixels" if size else ""
    optimizer, rate = get("optimizer.name", get("optimizer")), get("optimizer.learning_rate")
    plan += f", {optimizer}" if optimizer else ""
    plan += f" at a learning rate of {rate:g}" if isinstance(rate, int | float) else ""
    schedule = get("schedule.name", get("schedule"))
    plan += f" on a {schedule} schedule" if schedule and schedule != "none" else ""
    augment = get("augment.name", get("augment"))
    rest = f"augmentation {augment}" if augment and augment != "none" else "no augmentation"
    rest += f"; {get('precision')}" if get("precision") else ""
    rest += f"; seed {get('seed')}" if get("seed") is not None else ""
    return f"{plan}; {rest}."


def number(value: object) -> float:
    """Returns a number as a float, anything else as NaN."""
    return float(value) if isinstance(value, int | float) else math.nan
