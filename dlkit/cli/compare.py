"""`dlkit compare A B …`: runs side by side, their recipes, results and curves."""

import argparse
import pathlib
from collections.abc import Sequence
from typing import Any

from dlkit.cli import output, picture
from dlkit.registry import errors

NAME = "compare"
HELP = "set runs side by side: curves, recipes, results"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("run_folders", metavar="RUN", nargs="+", help="runs' folders, two or more")
    parser.add_argument(
        "--out",
        metavar="FILE",
        default="compare.png",
        help="the picture of their curves: a .png, .svg or .pdf (default: compare.png)",
    )


def run(args: argparse.Namespace) -> int:
    """Prints what differs and how the runs came out, and last the picture's path."""
    from dlkit.train import comparison

    out = picture.place("--out", args.out)
    records = _read(args.run_folders)
    names = _names(records)
    recipes = comparison.recipes(records)
    if recipes:
        print(output.table(["recipe", *names], recipes))
    else:
        print("The recipes are the same in every field.")
    print()
    print(output.table(["result", *names], comparison.results(records)))
    for doubt in comparison.doubts(records):
        output.remark(f"note: {doubt}")
    drawn = {name: record for name, record in zip(names, records, strict=True) if record.log}
    for name in names:
        if name not in drawn:
            output.remark(f"note: {name} has finished no epoch, and no curve")
    if drawn:
        _draw(drawn, comparison.metrics(records), out)
    return 0


def _read(folders: Sequence[str]) -> list[Any]:
    from dlkit.train import history
    from dlkit.train.folders import RunError

    if len(folders) < 2:
        raise errors.UsageError("give two runs or more.", "See them: dlkit runs")
    records = [history.read(folder) for folder in folders]
    for record in records:
        if record.problem:
            raise RunError(f"{record.folder}: {record.problem}.", "See the runs: dlkit runs")
    return records


def _names(records: Sequence[Any]) -> list[str]:
    """The folders' names, or as much of their paths as tells them apart."""
    paths = [pathlib.PurePath(record.folder.absolute()) for record in records]
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise errors.UsageError("a run is given twice.", "Give each once: dlkit compare A B")


def _draw(drawn: dict[str, Any], metrics: Sequence[str], out: pathlib.Path) -> None:
    from dlkit import plots
    from dlkit.plots.compare import SERIES

    if len(drawn) > len(SERIES):
        output.remark(f"note: no picture, for {len(SERIES)} curves are the most to be told apart")
        return
    best = {name: record.best_epoch for name, record in drawn.items()}
    figure = plots.compare({name: record.log for name, record in drawn.items()}, metrics, best)
    print(picture.write(figure, out))
