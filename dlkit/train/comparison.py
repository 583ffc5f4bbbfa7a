"""Runs side by side, as rows of text: what they differ in, and how they came out."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlkit.train import history
from dlkit.train.history import Record

Rows = list[list[str]]


def recipes(records: Sequence[Record]) -> Rows:
    """The recipe's fields that differ, one a row: its path, then each run's value."""
    paths = history.differing(records)
    return [[path, *(_said(record.settings.get(path, "–")) for record in records)]
            for path in paths]  # fmt: skip


def results(records: Sequence[Record]) -> Rows:
    """How the runs ended, one figure a row; a row that no run has a value in is left out."""
    rows = [[name, *(told(record) for record in records)] for name, told in _BEFORE.items()]
    rows += _best(records) + _metrics(records)
    rows += [[name, *(told(record) for record in records)] for name, told in _AFTER.items()]
    return [row for row in rows if any(row[1:])]


def doubts(records: Sequence[Record]) -> list[str]:
    """What makes the runs' figures hard to compare, in sentences."""
    told = []
    for name, value in (
        ("data", lambda record: _inside(record, "data").get("fingerprint")),
        ("version of Keras", lambda record: record.env.get("keras")),
        ("version of TensorFlow", lambda record: record.env.get("tensorflow")),
        ("processor", lambda record: record.env.get("processor")),
        ("split that was judged", lambda record: record.evaluation.get("split")),
    ):
        found = {value(record) for record in records} - {None, ""}
        if len(found) > 1:
            told.append(f"not the same {name} in all runs")
    return told


def metrics(records: Sequence[Record]) -> list[str]:
    """What to draw: the loss, and what the runs were monitored by."""
    monitored = (record.monitor.removeprefix("val_") for record in records)
    return list(dict.fromkeys(["loss", *filter(None, monitored)]))


def _best(records: Sequence[Record]) -> Rows:
    """The best value of each monitored quantity; mostly there is one."""
    names = dict.fromkeys(record.monitor for record in records if record.monitor)
    return [[f"best {name}", *(_best_of(record, name) for record in records)] for name in names]


def _best_of(record: Record, name: str) -> str:
    if record.monitor != name or not math.isfinite(record.best):
        return ""
    return f"{record.best:.4f} (epoch {record.best_epoch})"


def _metrics(records: Sequence[Record]) -> Rows:
    """The evaluations' figures, and the baseline's where there is one."""
    names = dict.fromkeys(name for record in records for name in _of(record, "metrics"))
    rows = []
    for name in names:
        for title, table in ((name, "metrics"), (f"{name} of the baseline", "baseline")):
            rows.append([title, *(_figure(_of(record, table).get(name)) for record in records)])
    return rows


def _of(record: Record, table: str) -> Mapping[str, Any]:
    found = record.evaluation.get(table)
    return found if isinstance(found, Mapping) else {}


def _inside(record: Record, table: str) -> Mapping[str, Any]:
    found = record.env.get(table)
    return found if isinstance(found, Mapping) else {}


def _epochs(record: Record) -> str:
    return f"{record.epochs_done} of {record.settings.get('epochs', '?')}"


def _judged_on(record: Record) -> str:
    size = record.evaluation.get("size")
    return f"{size:,} rows of {record.evaluation.get('split')}" if isinstance(size, int) else ""


def _parameters(record: Record) -> str:
    params = _inside(record, "model").get("params")
    return f"{params:,}" if isinstance(params, int) else ""


def _figure(value: Any) -> str:
    found = history.number(value)
    return f"{found:.4f}" if math.isfinite(found) else ""


def _said(value: Any) -> str:
    return "none" if value is None else str(value)


_BEFORE: Mapping[str, Callable[[Record], str]] = {
    "status": lambda record: record.status,
    "epochs": _epochs,
}
_AFTER: Mapping[str, Callable[[Record], str]] = {
    "judged on": _judged_on,
    "time": lambda record: history.duration(record.seconds),
    "parameters": _parameters,
}
