"""`dlkit predict RUN FILES…`: what a run's best model says of files."""

import argparse
import json

NAME = "predict"
HELP = "what a run's best model says of files"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("run_folder", metavar="RUN", help="a run's folder")
    parser.add_argument("files", metavar="FILE", nargs="+", help="a JPEG or PNG file")
    parser.add_argument("--json", action="store_true", help="one JSON value")


def run(args: argparse.Namespace) -> int:
    """Prints one line a file: its class and the probability."""
    from dlkit.train.run import Run

    rows = Run(args.run_folder).predict(args.files)
    if args.json:
        print(json.dumps(rows))
        return 0
    width = max(len(row["file"]) for row in rows)
    for row in rows:
        top = ", ".join(f"{guess['label']} {guess['probability']:.3f}" for guess in row["top"])
        print(f"{row['file']:{width}}  {top}")
    return 0
