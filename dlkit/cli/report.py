"""`dlkit report RUN`: writes a run's report anew, from its folder alone."""

import argparse

NAME = "report"
HELP = "write a run's report anew"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("run_folder", metavar="RUN", help="a run's folder")


def run(args: argparse.Namespace) -> int:
    """Prints the path of the report."""
    from dlkit.train.run import Run

    print(Run(args.run_folder).report())
    return 0
