"""The words that say a recipe, alike for every verb that takes one."""

import argparse
from typing import Any

from dlkit.registry import errors

FLAGS = {  # flag -> (recipe field, type, what it is)
    "--data": ("data", str, "your own folder or file, for datasets that take one"),
    "--batch-size": ("batch_size", int, "images a step"),
    "--image-size": ("image_size", int, "height and width in pixels"),
    "--seed": ("seed", int, "of weights, order and augmentation"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("name", nargs="?", help="a model, as `dlkit models` lists it")
    parser.add_argument("--dataset", help="a dataset, as `dlkit datasets` lists it")
    for flag, (field, kind, text) in FLAGS.items():
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
    from dlkit.train.recipe import Recipe

    if bool(args.name) == bool(args.config):
        raise errors.UsageError(
            "give a model's name or a recipe's file with -c, and not both.",
            "See the models: dlkit models",
        )
    settings = _settings(args)
    dataset = args.dataset or settings.pop("dataset", None)
    return Recipe.load(args.config or args.name, dataset, **settings)


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    import yaml

    given = {field: getattr(args, field) for field, _, _ in FLAGS.values()}
    settings = {field: value for field, value in given.items() if value is not None}
    for pair in args.set:
        path, equals, value = pair.partition("=")
        if not equals or not path:
            raise errors.UsageError(f"--set {pair}: expected A.B=C.", "As in: --set epochs=5")
        try:
            settings[path] = yaml.safe_load(value)
        except yaml.YAMLError:
            told = f"--set {pair}: {value!r} is no YAML value."
            raise errors.UsageError(told, "Quote it") from None
    return settings
