"""`dlkit resume RUN`: goes on with a run where it stopped, at the very step."""

import argparse

NAME = "resume"
HELP = "go on with a run that was stopped, killed or cut short"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("run_folder", metavar="RUN", help="the run's folder")


def run(args: argparse.Namespace) -> int:
    """Trains what is left, judges the best epoch on the test split, and writes the report."""
    from dlkit.cli import train

    return train.fit(train.resumed(args.run_folder))
