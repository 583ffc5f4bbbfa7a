"""`dlkit eval RUN`: judges a run's best model on a split."""

import argparse
import sys

NAME = "eval"
HELP = "judge a run's best model on a split"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("run_folder", metavar="RUN", help="a run's folder")
    parser.add_argument("--split", default="test", help="train, val or test (default: test)")
    parser.add_argument("--json", action="store_true", help="one JSON value")


def run(args: argparse.Namespace) -> int:
    """Writes `evaluation.json` and renews the report."""
    from dlkit.cli.train import sentence
    from dlkit.train import strict_json
    from dlkit.train.run import Run

    session = Run(args.run_folder)
    evaluation = session.evaluate(args.split)
    _report(session)
    if args.json:
        figures = {"split": evaluation.split, "size": evaluation.size}
        rest = {"metrics": dict(evaluation.metrics), "baseline": evaluation.baseline}
        print(strict_json.dumps(figures | rest), end="")
    else:
        print(sentence(evaluation))
    return 0


def _report(session) -> None:
    """Renews the report; another damaged file of the run takes nothing from the figures."""
    from dlkit.train.report.files import ReportError

    try:
        session.report()
    except ReportError as error:
        print(f"warning: the report was not renewed: {error}", file=sys.stderr)
