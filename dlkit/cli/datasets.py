"""`dlkit datasets [PATTERN]`: the datasets known by name, one line each; loads no framework."""

import argparse

from dlkit.cli import listing, output

NAME = "datasets"
HELP = "list the datasets: name, rows in each split, input, classes, what it is"

_HEADINGS = ("name", "splits", "input", ">classes", "summary")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    listing.configure(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the datasets that pass the filters."""
    return listing.run("dataset", args, _HEADINGS, _row)


def _row(dataset) -> tuple[str, ...]:
    return (
        dataset.display_name,
        " ".join(f"{name} {output.amount(rows)}" for name, rows in dataset.splits.items()),
        output.shape(dataset.input_shape),
        output.amount(dataset.num_classes) if dataset.num_classes else "",
        listing.summary(dataset),
    )
