"""`dlkit models [PATTERN]`: the installed models, one line each; loads no framework."""

import argparse

from dlkit.cli import listing, output

NAME = "models"
HELP = "list the models: name, trainable parameters, input, what it is"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    listing.configure(parser)
    parser.add_argument("--pretrained", action="store_true", help="only with published weights")


def run(args: argparse.Namespace) -> int:
    """Prints the models that pass the filters; with `--pretrained` also the weights' tags."""
    if args.pretrained:
        headings = ("name", ">params", "input", "weights", "summary")
        return listing.run("model", args, headings, _pretrained)
    return listing.run("model", args, ("name", ">params", "input", "summary"), _row)


def _row(model) -> tuple[str, ...]:
    shape = output.shape(model.input_shape)
    return model.display_name, output.amount(model.params), shape, listing.summary(model)


def _pretrained(model) -> tuple[str, ...]:
    *facts, summary = _row(model)
    return *facts, ", ".join(model.pretrained), summary
