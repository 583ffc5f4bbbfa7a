"""`dlkit train NAME`: trains a registered model and writes a run folder with a report."""

import argparse

NAME = "train"
HELP = "train a model and write a run folder with a report"

_FLAGS = {  # flag -> (recipe field, type, what it is)
    "--data": ("data", str, "your own folder or file, for datasets that take one"),
    "--epochs": ("epochs", int, "passes over the training split"),
    "--batch-size": ("batch_size", int, "images a step"),
    "--image-size": ("image_size", int, "height and width in pixels"),
    "--seed": ("seed", int, "of weights, order and augmentation"),
    "--max-time": ("max_time", float, "stop after so many seconds"),
    "--limit-batches": ("limit_batches", int, "only so many batches an epoch, to try things out"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("name", nargs="?", help="a model, as `dlkit models` lists it")
    parser.add_argument("--dataset", help="a dataset, as `dlkit datasets` lists it")
    for flag, (field, kind, text) in _FLAGS.items():
        parser.add_argument(flag, dest=field, type=kind, help=text)
    parser.add_argument("--devices", help="2, gpu:0,1 or cpu:2 (default: one)")
    parser.add_argument("--run", metavar="DIR", help="the run's folder (default: a new runs/…)")
    parser.add_argument("-c", "--config", metavar="YAML", help="a recipe, such as a run's config")
    parser.add_argument(
        "--set", metavar="A.B=C", action="append", default=[], help="a recipe's field"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --run DIR")


def run(args: argparse.Namespace) -> int:
    """Trains, judges the best epoch on the test split, and writes the report."""
    if args.resume:
        return fit(_resumed(args))
    recipe = _recipe(args)  # a wrong word is told at once, before TensorFlow is imported

    from dlkit.train.folders import new_folder
    from dlkit.train.run import Run

    folder = args.run or new_folder(recipe.model, recipe.dataset)
    return fit(Run(folder, recipe, devices=args.devices))


def _resumed(args: argparse.Namespace):
    from dlkit.registry.errors import UsageError

    if not args.run:
        raise UsageError("--resume needs the run's folder.", "Say it: dlkit resume RUN")
    session = resumed(args.run)
    if (
        _settings(args)
        or args.config
        or args.dataset
        or args.name not in (None, session.recipe.model)
    ):
        raise UsageError(
            "--resume goes on with the run's own recipe, which other options would change.",
            f"Go on: {session.command('resume')}",
        )
    return session


def resumed(folder: str):
    """The run of a folder, to go on with; under the flags that it began with."""
    from dlkit.train import flags

    flags.adopt(folder)
    from dlkit.train.run import Run

    return Run(folder, resume=True)


def fit(session) -> int:
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
    if session.epochs_done < recipe.epochs:
        with tracked:
            _train(session, model)
    else:
        print(f"All {recipe.epochs} epochs were done before.")
    if not session.worker.is_chief:  # the chief judges, alone
        return 0
    if session.status == "diverged":
        raise _diverged(session)
    evaluation = session.evaluate()
    report = session.report()
    print(sentence(evaluation))
    print(f"report: {report}")
    print(session.folder)
    return 0


def _train(session, model) -> None:
    from dlkit.train.nan import Diverged

    verbose = "auto" if session.worker.is_chief else 0
    try:
        model.fit(session.train, validation_data=session.val, verbose=verbose, **session.fit_args())
    except Diverged:
        if (session.folder / "log.csv").exists():
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


def _recipe(args: argparse.Namespace):
    from dlkit.registry.errors import UsageError
    from dlkit.train.recipe import Recipe

    if bool(args.name) == bool(args.config):
        raise UsageError(
            "give a model's name or a recipe's file with -c, and not both.",
            "See the models: dlkit models",
        )
    settings = _settings(args)
    dataset = args.dataset or settings.pop("dataset", None)
    if args.config:
        return Recipe.from_yaml(args.config, dataset, **settings)
    return Recipe.load(args.name, dataset, **settings)


def _settings(args: argparse.Namespace) -> dict:
    import yaml

    from dlkit.registry.errors import UsageError

    given = {field: getattr(args, field) for field, _, _ in _FLAGS.values()}
    settings = {field: value for field, value in given.items() if value is not None}
    for pair in args.set:
        path, equals, value = pair.partition("=")
        if not equals or not path:
            raise UsageError(f"--set {pair}: expected A.B=C.", "As in: --set epochs=5")
        try:
            settings[path] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UsageError(f"--set {pair}: {value!r} is no YAML value.", "Quote it") from None
    return settings


def _remove_if_empty(folder) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
