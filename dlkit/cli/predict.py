"""`dlkit predict RUN FILES…` or `NAME@TAG FILES…`: what a model says of files."""

import argparse
import json
import pathlib
from typing import Any

from dlkit import registry
from dlkit.cli.eval import check_tag

NAME = "predict"
HELP = "what a run's best model, or published weights, say of files"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("what", metavar="RUN|NAME@TAG", help="a run's folder, or published weights")
    parser.add_argument("files", metavar="FILE", nargs="+", help="a JPEG or PNG file")
    parser.add_argument("--json", action="store_true", help="one JSON value")


def run(args: argparse.Namespace) -> int:
    """Prints one line a file: its class and the probability."""
    rows = _rows(args.what, args.files)
    if args.json:
        print(json.dumps(rows))
        return 0
    width = max(len(row["file"]) for row in rows)
    for row in rows:
        top = ", ".join(f"{guess['label']} {guess['probability']:.3f}" for guess in row["top"])
        print(f"{row['file']:{width}}  {top}")
    return 0


def _rows(what: str, files: list[str]) -> list[dict[str, Any]]:
    if not pathlib.Path(what).exists() and ("@" in what or what in registry.list_models()):
        check_tag(what, "predict {} FILE…")
        from dlkit.tasks import published

        return published.predict(what, files)
    from dlkit.train.run import Run

    return Run(what).predict(files)
