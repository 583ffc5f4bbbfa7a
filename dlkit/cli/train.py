"""`dlkit train NAME`: trains a registered model and writes a run folder with a report."""

import argparse
import shlex
import sys

from dlkit.cli import recipe_words

NAME = "train"
HELP = "train a model and write a run folder with a report"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    recipe_words.configure(parser, training=True)
    parser.add_argument("--devices", help="2, gpu:0,1 or cpu:2 (default: one)")
    parser.add_argument(
        "--profile", action="store_true", help="record some steps for TensorBoard's profiler"
    )
    parser.add_argument("--run", metavar="DIR", help="the run's folder (default: a new runs/…)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --run DIR")


def run(args: argparse.Namespace) -> int:
    """Trains, judges the best epoch on the test split, and writes the report."""
    _check_devices(args.devices)
    if args.resume:
        return fit(_resumed(args), args.profile)
    recipe = recipe_words.recipe(args)  # a wrong word is told before TensorFlow is imported
    _check_is_shared(args.run)

    from dlkit.train.folders import new_folder
    from dlkit.train.run import Run

    folder = args.run or new_folder(recipe.model, recipe.dataset)
    return fit(Run(folder, recipe, devices=args.devices), args.profile)


def _check_devices(devices: str | None) -> None:
    from dlkit.registry.errors import UsageError

    if devices is not None and not devices.strip():
        raise UsageError("--devices names none.", "As in: --devices 2, gpu:0,1 or cpu:2")


def _check_is_shared(folder: str | None) -> None:
    from dlkit.registry.errors import UsageError
    from dlkit.train import cluster

    if not folder and len(cluster.current()) > 1:
        raise UsageError(
            "several workers train one run, and each would take a new folder for itself.",
            "Name one that all of them see: --run DIR",
        )


def _resumed(args: argparse.Namespace):
    from dlkit.registry.errors import UsageError

    if not args.run:
        raise UsageError("--resume needs the run's folder.", "Say it: dlkit resume RUN")
    session = resumed(args.run)
    if (
        recipe_words.settings(args)
        or args.config
        or args.dataset
        or args.devices
        or args.name not in (None, session.recipe.model)
    ):
        raise UsageError(
            "--resume goes on with the run's own recipe and devices; other options change them.",
            f"Go on: {session.command('resume')}",
        )
    return session


def resumed(folder: str):
    """The run of a folder, to go on with; under the flags that it began with."""
    from dlkit.train import flags

    flags.adopt(folder)
    from dlkit.train.run import Run

    return Run(folder, resume=True)


def fit(session, profile: bool = False) -> int:
    """Trains a run, judges its best epoch on the test split, and writes its report."""
    recipe = session.recipe
    try:
        tracked = _tracked(session)  # what is missing is told before any work
        model = session.build()
    except BaseException:
        _remove_if_empty(session.folder)
        raise
    rows = {split: len(rows) for split, rows in session.source.splits.items()}
    print(f"{recipe.model} on {recipe.dataset}: {', '.join(f'{n} {s}' for s, n in rows.items())}")
    for note in session.source.notes:
        print(f"note: {note}")
    if session.epochs_done >= recipe.epochs:
        print(f"All {recipe.epochs} epochs were done before.")
    elif session.status == "stopped early":
        print(f"It stopped early before, after {session.epochs_done} epochs.")
    else:
        with tracked:
            _train(session, model, profile)
    if not session.worker.is_chief:  # the chief judges, alone
        return 0
    if session.status == "diverged":
        raise _diverged(session)
    evaluation = session.evaluate()
    report = session.report()
    print(sentence(evaluation))
    print(f"report: {report}")
    if profile:
        print(f"profile: tensorboard --logdir {shlex.quote(str(session.folder / 'tb'))}")
    print(session.folder)
    return 0


def _train(session, model, profile: bool) -> None:
    from dlkit.train.nan import Diverged

    shown = 1 if sys.stdout.isatty() else 2  # the bar is drawn again and again, into files too
    verbose = shown if session.worker.is_chief else 0
    try:
        args = session.fit_args(profile=profile)
        model.fit(session.train, validation_data=session.val, verbose=verbose, **args)
    except BaseException as error:
        if verbose == 1 and isinstance(error, Exception):
            print(flush=True)  # the bar is open, and what ended it would stand behind it
        if isinstance(error, Diverged) and (session.folder / "log.csv").exists():
            session.report()
        raise


def _tracked(session):
    import contextlib

    from dlkit.train import tracking

    chief = session.worker.is_chief
    return tracking.around(session.folder, session.recipe) if chief else contextlib.nullcontext()


def _diverged(session):
    from dlkit.train.folders import RunError

    rate = session.recipe.optimizer.learning_rate
    best = " Its best epoch is kept." if (session.folder / "ckpt" / "best").exists() else ""
    return RunError(
        f"training diverged: the loss was no finite number any more.{best} See {session.report()}",
        f"Try a lower rate: --set optimizer.learning_rate={rate / 10:g}",
    )


def sentence(evaluation) -> str:
    """`test accuracy 0.987 on 450 rows (3-nearest-neighbour: 0.967)`."""
    metrics, baseline = dict(evaluation.metrics), evaluation.baseline
    name = "accuracy" if "accuracy" in metrics else next(iter(metrics))
    text = f"{evaluation.split} {name} {metrics[name]:.4f} on {evaluation.size} rows"
    if baseline and name in baseline:
        text += f" ({baseline['name']} on the same rows: {baseline[name]:.4f})"
    return text


def _remove_if_empty(folder) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
