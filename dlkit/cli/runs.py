"""`dlkit runs`: the runs in a folder, one line each, with what they differ in."""

import argparse
import math
import pathlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlkit.cli import output
from dlkit.registry import errors

NAME = "runs"
HELP = "list the runs in a folder, and what they differ in"

_HEADINGS = ("run", "status", ">epochs", ">best", ">test", ">time", "differs in")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "folder", nargs="?", default="runs", metavar="FOLDER", help="(default: runs)"
    )
    parser.add_argument(
        "--sort",
        choices=tuple(_SORTS),
        default="started",
        help="by which column; best and test begin with the best (default: started)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list")


def run(args: argparse.Namespace) -> int:
    """Lists the runs; a damaged one has a line with its problem."""
    from dlkit.train import history

    base = pathlib.Path(args.folder)
    if not base.is_dir():
        told = "is no folder" if base.exists() else "there is no such folder"
        raise errors.UsageError(f"{base}: {told}.", "Begin a run: dlkit train lenet5")
    records = sorted(history.listing(base), key=_SORTS[args.sort])
    if args.json:
        output.as_json([record.as_dict() for record in records])
        return 0
    if records:
        paths = history.differing(records)
        print(output.table(_headings(records), [_row(record, paths) for record in records]))
    inside = history.groups(base)
    for folder, count in inside.items():
        look = f"dlkit runs {shlex.quote(str(folder))}"
        output.remark(f"{folder} holds {output.counted(count, 'run')}: {look}")
    if not records and not inside:
        output.remark(f"{base} holds no runs.\n  Begin one: dlkit train lenet5")
    return 0


def _headings(records: Sequence[Any]) -> list[str]:
    """The columns' headings; one says which value the runs were monitored by, if they agree."""
    monitors = {record.monitor for record in records if record.monitor}
    metrics = {record.metric for record in records if record.evaluation}
    names = {">best": monitors, ">test": metrics}
    return [
        f"{heading} {next(iter(names[heading]))}" if len(names.get(heading, ())) == 1 else heading
        for heading in _HEADINGS
    ]


def _row(record: Any, paths: Sequence[str]) -> list[str]:
    from dlkit.train import history

    told = record.problem or _settings(record.settings, paths)
    total = record.settings.get("epochs")
    epochs = f"{record.epochs_done}/{total}" if total and not _is_stateless(record) else ""
    time = history.duration(record.seconds)
    return [record.folder.name, _status(record), epochs, _best(record), _test(record), time, told]


def _status(record: Any) -> str:
    from dlkit.train import history

    if _is_stateless(record):
        return "?"
    if record.status in ("running", "running?"):
        return f"{record.status} ({history.silence(record)} ago)"
    return record.status


def _is_stateless(record: Any) -> bool:
    """Whether nobody can say how far it came."""
    return bool(record.problem) and not record.state


def _best(record: Any) -> str:
    return f"{record.best:.4f}" if math.isfinite(record.best) else ""


def _test(record: Any) -> str:
    """The evaluation's figure; one on another split than `test` says so."""
    if not math.isfinite(record.judged):
        return ""
    split = record.evaluation.get("split", "test")
    return f"{record.judged:.4f}" + (f" ({split})" if split != "test" else "")


def _settings(settings: Mapping[str, Any], paths: Sequence[str]) -> str:
    """`learning_rate=0.003 augment=shift`, by the last part of each path where that is clear."""
    lasts = [path.removesuffix(".name").rpartition(".")[2] for path in paths]
    names = [last if lasts.count(last) == 1 else path for path, last in zip(paths, lasts,
             strict=True)]  # fmt: skip
    return " ".join(
        f"{name}={settings.get(path, '–')}" for name, path in zip(names, paths, strict=True)
    )


def _best_first(value: float, more_is_better: bool) -> float:
    """A key that puts good values first, and what is not known last."""
    if not math.isfinite(value):
        return math.inf
    return -value if more_is_better else value


_SORTS: Mapping[str, Callable[[Any], Any]] = {
    "started": lambda record: (str(record.env.get("started") or "~"), record.folder.name),
    "name": lambda record: record.folder.name,
    "status": lambda record: (record.status, record.folder.name),
    "epochs": lambda record: record.epochs_done,
    "best": lambda record: _best_first(record.best, record.more_is_better),
    "test": lambda record: _best_first(record.judged, record.more_is_better),
    "time": lambda record: record.seconds if math.isfinite(record.seconds) else math.inf,
}
