"""Runs experiments, seed by seed, and says whether their claims hold."""

# ruff: noqa: T201 (a command prints)

import argparse
import importlib
import io
import json
import os
import pathlib
import sys
import time
from collections.abc import Sequence

from dlkit.registry import errors
from dlkit_vision.experiments import EXPERIMENTS

SEEDS = (0, 1, 2)


def main(words: Sequence[str] | None = None) -> int:
    """Runs what the words ask for.

    Args:
        words: of the command line; by default those that the process was given.

    Returns:
        0 where every claim holds on every seed, 1 where one does not, 2 for words not understood.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's own chatter at its import
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack `≥`
    args = _parser().parse_args(words)
    try:
        names = [_known(name) for name in args.names] or list(EXPERIMENTS)
        folder = _folder(args.figures)
    except errors.UsageError as error:
        print(error, file=sys.stderr)
        return 2
    if args.list:
        return _list(names, args.json)
    return _run(names, list(dict.fromkeys(args.seeds)), folder, args.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dlkit_vision.experiments",
        description="The course's claims, measured. All of them take about ten minutes.",
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: all)")
    parser.add_argument("--list", action="store_true", help="say which there are, and end")
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, metavar="N",
                        help="of weights and draws (default: 0 1 2)")  # fmt: skip
    parser.add_argument("--figures", metavar="FOLDER", help="draw pictures into this folder")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    return parser


def _known(name: str) -> str:
    if name in EXPERIMENTS:
        return name
    raise errors.UsageError(
        f"no experiment {name!r}.{errors.suggestion(name, EXPERIMENTS)}",
        "See all: python -m dlkit_vision.experiments --list",
    )


def _folder(path: str | None) -> pathlib.Path | None:
    """The folder for pictures, made before minutes of work rather than after."""
    if path is None:
        return None
    folder = pathlib.Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.UsageError(
            f"--figures {path}: {error.strerror}.", "Name a folder that can be written to"
        ) from error
    return folder


def _list(names: Sequence[str], as_json: bool) -> int:
    if as_json:
        _print_json([{"name": name, "summary": EXPERIMENTS[name]} for name in names])
        return 0
    width = max(map(len, names))
    for name in names:
        print(f"{name:{width}}  {EXPERIMENTS[name]}")
    return 0


def _run(
    names: Sequence[str], seeds: Sequence[int], folder: pathlib.Path | None, as_json: bool
) -> int:
    from dlkit_vision.experiments import report  # with what it needs; the list needs nothing

    done = []
    for name in names:
        measured = [_measure(name, seed, folder) for seed in seeds]
        done += measured
        if not as_json:
            print(f"\n{name}: {EXPERIMENTS[name]}\n\n{report.table(measured)}", flush=True)
    if as_json:
        _print_json([one.as_dict() for one in done])
    else:
        print(f"\n{report.summary(done)}")
    return 0 if all(one.result.holds for one in done) else 1


def _measure(name: str, seed: int, folder: pathlib.Path | None):
    """One experiment with one seed; what it takes is said on stderr, so that stdout has tables."""
    import keras

    from dlkit import plots
    from dlkit_vision.experiments import report

    module = importlib.import_module(f"{__package__}.{name}")
    print(f"{name}, seed {seed} …", end=" ", file=sys.stderr, flush=True)
    began, worked = time.perf_counter(), time.process_time()
    result = module.run(seed)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    print(f"{seconds:.0f} seconds, of processors {worked:.0f}", file=sys.stderr)
    for picture, draw in result.pictures.items() if folder else ():
        path = plots.save(draw(), folder / f"{name}-{picture}-seed{seed}.png")
        print(f"  {path}", file=sys.stderr)
    keras.backend.clear_session()  # the last networks' graphs
    return report.Measured(name, seed, result, seconds, worked)


def _print_json(value) -> None:
    print(json.dumps(value, indent=2, allow_nan=False))
