"""`dlkit tune NAME`: searches for a better recipe; each trial is a run of its own."""

import argparse
import math
import pathlib
import shlex
from collections.abc import Sequence
from typing import Any

from dlkit.cli import output, recipe_words
from dlkit.registry import errors

NAME = "tune"
HELP = "search for a better recipe, trial by trial"

_FLAGS = {  # flag -> (recipe field, type, what it is)
    "--data": recipe_words.FLAGS["--data"],
    "--epochs": ("epochs", int, "epochs of a trial; for hyperband the most that one gets"),
    "--limit-batches": recipe_words.TRAINING["--limit-batches"],
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    from dlkit.train.tune.adviser import ALGORITHMS

    kinds = "; ".join(f"{name}: {text}" for name, (_, text) in ALGORITHMS.items())
    parser.add_argument("name", nargs="?", help="a model, as `dlkit models` lists it")
    parser.add_argument("--dataset", help="a dataset, as `dlkit datasets` lists it")
    for flag, (field, kind, text) in _FLAGS.items():
        parser.add_argument(flag, dest=field, type=kind, help=text)
    parser.add_argument("-c", "--config", metavar="YAML", help="a recipe to begin from")
    parser.add_argument(
        "--set",
        metavar="A.B=SPEC",
        action="append",
        default=[],
        help="a recipe's field: one value, a range such as 1e-4..1e-2, or a choice such as "
        "none,shift",
    )
    parser.add_argument(
        "--trials", type=int, help="how many runs at most (default: 10; hyperband: all that it has)"
    )
    parser.add_argument("--search", metavar="HOW", help=f"{kinds} (default: random)")
    parser.add_argument("--seed", type=int, help="of what is drawn (default: 0)")
    parser.add_argument("--run", metavar="DIR", help="the search's folder (default: a new runs/…)")
    parser.add_argument("--resume", action="store_true", help="go on with the search in --run DIR")


def run(args: argparse.Namespace) -> int:
    """Prints a line a trial, then all of them, and the command that trains the best recipe."""
    from dlkit.train.tune import adviser, plan

    adviser.check()  # that, and a wrong word, are told at once, before TensorFlow is imported
    found = _resumed(args) if args.resume else _plan(args)

    from dlkit.train import lock
    from dlkit.train.folders import new_folder
    from dlkit.train.tune import search

    search.check(found)
    folder = pathlib.Path(args.run or new_folder(found.recipe.model, "tune"))
    folder.mkdir(parents=True, exist_ok=True)
    held = lock.acquire(folder)  # another process' plan is not written over
    try:
        plan.write(folder, found)
        _tell(found)
        return _search(folder, found)
    finally:
        held.release()


def _tell(found: Any) -> None:
    """What is searched over, and for how long."""
    for dimension in found.dimensions:
        print(dimension)
    if found.algorithm == "hyperband":
        print(f"at most {found.trials} trials, the longest of {found.recipe.epochs} epochs")
    if found.recipe.limit_batches and "batch_size" in found.space:
        output.remark("note: limit_batches limits validation too, so that batch sizes are judged "
                      "on different rows")  # fmt: skip


def _resumed(args: argparse.Namespace) -> Any:
    """The plan in the folder, with another number of trials if one is given."""
    import dataclasses

    from dlkit.train.tune import plan

    if not args.run:
        raise errors.UsageError(
            "--resume needs the search's folder.", "Say it: dlkit tune --resume --run DIR"
        )
    others = [args.name, args.dataset, args.config, args.search, args.seed, *args.set]
    others += [getattr(args, field) for field, _, _ in _FLAGS.values()]
    if any(word is not None for word in others):
        raise errors.UsageError(
            "--resume goes on with the search's own plan, which other options would change; only "
            "--trials may be another number.",
            f"Go on: {_go_on(args.run)}",
        )
    found = plan.read(args.run)
    more = {} if args.trials is None else {"trials": args.trials}
    return dataclasses.replace(found, **more)


def _plan(args: argparse.Namespace) -> Any:
    """The plan that the words say."""
    from dlkit.train.folders import RunError
    from dlkit.train.tune import plan, space

    if args.run and plan.is_there(args.run):
        other = shlex.quote(f"{args.run}-2")
        raise RunError(
            f"{args.run} holds a search already.",
            f"Go on with it: {_go_on(args.run)}\n  Or keep it and choose another folder: --run "
            f"{other}",
        )
    recipe_words.check(args)
    given = {field: getattr(args, field) for field, _, _ in _FLAGS.values()}
    settings = {field: value for field, value in given.items() if value is not None}
    fixed, open_ones = space.split(args.set)
    settings |= fixed
    recipe = recipe_words.load(args, args.dataset, settings)
    rest = {"algorithm": args.search, "trials": args.trials, "seed": args.seed}
    chosen = {name: value for name, value in rest.items() if value is not None}
    return plan.Plan(recipe=recipe, space=open_ones, **chosen)


def _search(folder: pathlib.Path, found: Any) -> int:
    from dlkit.train.tune import search

    monitor = search.task(found).monitor
    done = []
    try:
        for trial in search.trials(folder, found, began=_announce):
            done.append(trial)
            print(f"  {_outcome(trial, monitor)}")
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C and SIGTERM, once the trial is saved
        output.remark(f"Go on with the search: {_go_on(folder)}")
        raise
    best = search.best(done, found)
    print()
    print(_table(done, best, monitor))
    recipe = search.write_best(folder, best, found)
    print(f"Judged on the validation split alone; the test split is yet to be seen.\n{recipe}")
    print(f"Train it: dlkit train -c {shlex.quote(str(recipe))}")
    return 0


def _go_on(folder: str | pathlib.Path) -> str:
    return f"dlkit tune --resume --run {shlex.quote(str(folder))}"


def _announce(trial: Any) -> None:
    print(f"{trial.folder.name}: {_said(trial.settings)}", flush=True)


def _outcome(trial: Any, monitor: str) -> str:
    if trial.problem or not math.isfinite(trial.value):
        return f"{trial.status}: {trial.problem}".rstrip(": ")
    from dlkit.train import history

    return f"{monitor} {trial.value:.4f} after {history.duration(trial.seconds)}"


def _table(trials: Sequence[Any], best: Any, monitor: str) -> str:
    """The trials, the best first, and those without a value last."""
    from dlkit.train import history

    finite = [trial for trial in trials if math.isfinite(trial.value)]
    falling = all(best.value >= trial.value for trial in finite)
    finite.sort(key=lambda trial: trial.value, reverse=falling)
    rest = [trial for trial in trials if trial not in finite]
    rows = [
        [trial.folder.name, trial.status, f"{trial.value:.4f}" if trial in finite else "",
         history.duration(trial.seconds), _said(trial.settings)]
        for trial in [*finite, *rest]
    ]  # fmt: skip
    return output.table(["trial", "status", f">{monitor}", ">time", "settings"], rows)


def _said(settings: dict[str, Any]) -> str:
    return " ".join(f"{path}={value}" for path, value in settings.items())
