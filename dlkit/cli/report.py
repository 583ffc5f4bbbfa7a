"""`dlkit report RUN`: writes a run's report anew, from its folder alone."""

import argparse

from dlkit.cli import picture

NAME = "report"
HELP = "write a run's report anew"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("run_folder", metavar="RUN", help="a run's folder")
    parser.add_argument(
        "--picture",
        metavar="FILE",
        help="also draw the run as one wide picture, for a README: a .png, .svg or .pdf",
    )


def run(args: argparse.Namespace) -> int:
    """Prints the path of the report."""
    drawn = None
    if args.picture is not None:
        drawn = picture.place("--picture", args.picture, "run.png")

    from dlkit.train.run import Run

    session = Run(args.run_folder)
    print(session.report())
    if drawn:
        from dlkit.train import report

        print(picture.write(report.summary(session.folder), drawn))
    return 0
