"""The words that say a recipe, alike for every verb that takes one."""

import argparse
import shlex
from typing import Any

from dlkit.registry import errors

FLAGS = {  # flag -> (recipe field, type, what it is)
    "--data": ("data", str, "your own folder or file, for datasets that take one"),
    "--batch-size": ("batch_size", int, "images a step"),
    "--image-size": ("image_size", int, "height and width in pixels"),
    "--seed": ("seed", int, "of weights, order and augmentation"),
}
TRAINING = {  # what `train` takes besides
    "--epochs": ("epochs", int, "passes over the training split"),
    "--max-time": ("max_time", float, "stop after so many seconds"),
    "--limit-batches": ("limit_batches", int, "only so many batches an epoch, to try things out"),
    "--save-every": ("save_every", str, "between checkpoints: 200steps, 2min, 1epoch or auto"),
}


def configure(parser: argparse.ArgumentParser, training: bool = False) -> None:
    """Adds the arguments; those of `TRAINING` too, if asked."""
    parser.add_argument("name", nargs="?", help="a model, as `dlkit models` lists it")
    parser.add_argument("--dataset", help="a dataset, as `dlkit datasets` lists it")
    for flag, (field, kind, text) in (FLAGS | (TRAINING if training else {})).items():
        parser.add_argument(flag, dest=field, type=kind, help=text)
    parser.add_argument("-c", "--config", metavar="YAML", help="a recipe, such as a run's config")
    parser.add_argument(
        "--set", metavar="A.B=C", action="append", default=[], help="a recipe's field"
    )


def recipe(args: argparse.Namespace) -> Any:
    """The recipe that the words say.

    Raises:
        UsageError: they say none, or a field or value is wrong.
        DlkitError: the model or the dataset is unknown.
    """
    check(args)
    return load(args, args.dataset, settings(args))


def check(args: argparse.Namespace) -> None:
    """Refuses words that say no recipe, or two.

    Raises:
        UsageError: neither a model's name nor a file is given, or both are.
    """
    if bool(args.name) == bool(args.config):
        raise errors.UsageError(
            "give a model's name or a recipe's file with -c, and not both.",
            "See the models: dlkit models",
        )


def load(args: argparse.Namespace, dataset: str | None, given: dict[str, Any]) -> Any:
    """The recipe of the model or the file that is named, with the fields that were set.

    A dataset among them goes before `dataset`.
    """
    from dlkit.train.recipe import Recipe

    dataset = given.pop("dataset", dataset)
    if args.config:
        return Recipe.from_yaml(args.config, dataset, **given)
    return Recipe.load(args.name, dataset, **given)


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """The fields that the words set, by dotted path.

    Raises:
        UsageError: a `--set` is not of the form A.B=C.
    """
    from dlkit.train import typed

    fields = [field for field, _, _ in (FLAGS | TRAINING).values()]
    given = {field: getattr(args, field, None) for field in fields}
    found = {field: value for field, value in given.items() if value is not None}
    for pair in args.set:
        path, equals, value = pair.partition("=")
        if not equals or not path:
            raise errors.UsageError(f"--set {pair}: expected A.B=C.", "As in: --set epochs=5")
        try:
            found[path] = typed.value(value)
        except errors.UsageError as error:
            raise errors.within(f"--set {pair}", error) from None
    return found


def again(args: argparse.Namespace, made: Any) -> str:
    """The words that were given for a recipe, quoted for another command's line.

    Args:
        args: the words.
        made: the recipe that they say.
    """
    words = ["-c", args.config] if args.config else [made.model]
    words += ["--dataset", made.dataset]
    for flag, (field, _, _) in (FLAGS | TRAINING).items():
        value = getattr(args, field, None)
        words += [] if value is None else [flag, str(value)]
    for pair in args.set:
        words += ["--set", pair]
    return shlex.join(words)
