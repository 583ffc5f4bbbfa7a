"""`dlkit report RUN`: writes a run's report anew, from its folder alone."""

import argparse
import io

NAME = "report"
HELP = "write a run's report anew"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("run_folder", metavar="RUN", help="a run's folder")
    parser.add_argument(
        "--picture", metavar="PNG", help="also draw the run as one wide picture, for a README"
    )


def run(args: argparse.Namespace) -> int:
    """Prints the path of the report."""
    from dlkit.train.run import Run

    session = Run(args.run_folder)
    print(session.report())
    if args.picture:
        from dlkit.train import atomic, report

        picture = io.BytesIO()
        report.summary(session.folder).savefig(picture, format="png")
        print(atomic.write_bytes(args.picture, picture.getvalue()))
    return 0
