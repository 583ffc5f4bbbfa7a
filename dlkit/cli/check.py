"""`dlkit check NAME`: finds out in seconds whether a training is set up soundly."""

import argparse
import dataclasses
import shlex
import time

from dlkit.cli import output, recipe_words

NAME = "check"
HELP = "find out in seconds whether a training is set up soundly"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    recipe_words.configure(parser)
    parser.add_argument("--run", metavar="DIR", help="where the run would go (default: runs/…)")
    parser.add_argument("--json", action="store_true", help="one JSON value")


def run(args: argparse.Namespace) -> int:
    """Prints a line a check, and what to do; 1 where one has failed."""
    recipe = recipe_words.recipe(args)  # a wrong word is told before TensorFlow is imported

    from dlkit.train import checks
    from dlkit.train.run import Run

    began = time.monotonic()
    words = recipe_words.again(args, recipe)
    found = []
    for finding in checks.each(Run(args.run or "runs/check", recipe), words):
        found.append(finding)
        if not args.json:
            print(_line(finding), flush=True)
    if args.json:
        output.as_json([dataclasses.asdict(finding) for finding in found])
    else:
        words += f" --run {shlex.quote(args.run)}" if args.run else ""
        print(_summary(found, words, time.monotonic() - began))
    return 1 if any(finding.verdict == checks.FAIL for finding in found) else 0


def _line(finding) -> str:
    line = f"{finding.verdict:8} {finding.name:11} {finding.text}"
    return f"{line}\n{'':20} {finding.fix}" if finding.fix else line


def _summary(found, words: str, seconds: float) -> str:
    from dlkit.train.checks import FAIL, WARNING

    verdicts = [finding.verdict for finding in found]
    bad = [
        output.counted(verdicts.count(FAIL), "failure"),
        output.counted(verdicts.count(WARNING), "warning"),
    ]
    line = f"{output.counted(len(found), 'check')}, {', '.join(bad)}, in {seconds:.0f} s."
    if FAIL in verdicts:
        return line
    return f"{line} Train it: dlkit train {words}"
