"""`dlkit eval RUN` and `dlkit eval NAME@TAG --data FOLDER`: judges a model on a split."""

import argparse
import pathlib
import sys

from dlkit.cli import output
from dlkit.registry import errors

NAME = "eval"
HELP = "judge a run's best model, or published weights, on a split"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("what", metavar="RUN|NAME@TAG", help="a run's folder, or published weights")
    parser.add_argument("--data", metavar="FOLDER", help="images in class folders, for NAME@TAG")
    parser.add_argument(
        "--split",
        help="train, val or test (default: test of a run if there is one, val of a folder)",
    )
    parser.add_argument(
        "--batch-size", metavar="N", type=int, help="images at once, for NAME@TAG (default: 32)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON value")


def run(args: argparse.Namespace) -> int:
    """Prints the figures; of a run, also writes `evaluation.json` and renews the report."""
    if not pathlib.Path(args.what).exists() and ("@" in args.what or args.data is not None):
        return _published(args)
    for option, value in (("--data", args.data), ("--batch-size", args.batch_size)):
        if value is not None:
            raise errors.UsageError(
                f"{option} is for published weights, and a run has its own.",
                f"Leave it out: dlkit eval {args.what}",
            )
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    from dlkit.cli.train import sentence
    from dlkit.train import strict_json
    from dlkit.train.run import Run

    session = Run(args.what)
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


def _published(args: argparse.Namespace) -> int:
    check_tag(args.what, "eval {} --data FOLDER")
    if args.data is None:
        raise errors.UsageError(
            f"{args.what} is judged on images of yours.",
            f"Name their folder: dlkit eval {args.what} --data FOLDER",
        )
    size = 32 if args.batch_size is None else args.batch_size
    if size < 1:
        raise errors.UsageError(
            f"--batch-size {size}: it is 1 or more.", "Leave it out for 32: --batch-size 32"
        )
    from dlkit.tasks import published

    found = published.judge(args.what, args.data, args.split or "val", size, progress=True)
    if args.json:
        import dataclasses

        output.as_json(dataclasses.asdict(found))
    else:
        print(_told(found))
    return 0


def check_tag(name: str, command: str) -> None:
    """Holds `name` to be `NAME@TAG`, before anything slow is imported.

    Args:
        name: as typed.
        command: what to run with such a name in the place of `{}`.

    Raises:
        DlkitError: there is no such model, it has no such weights, or none were named.
    """
    from dlkit.registry import resolve

    entry = resolve.find("model", name)
    if resolve.published(name) is not None:
        return
    if not entry.pretrained:
        raise errors.UnknownWeights(entry.display_name, "", ())
    example = command.format(f"{entry.display_name}@{entry.pretrained[0]}")
    raise errors.UsageError(
        f"which weights of {entry.display_name}? It has {', '.join(entry.pretrained)}.",
        f"Name one: dlkit {example}",
    )


_LABELS = {"accuracy": "top-1", "top5_accuracy": "top-5"}


def _told(found) -> str:
    """The figures, the published ones beside them, and what to know when comparing."""
    images = output.counted(found.size, "image")
    lines = [f"{found.name} on {images} of {found.split}"]
    for key, value in found.metrics.items():
        there = found.published.get(key)
        beside = f"  (published: {100 * there:.2f} %)" if there is not None else ""
        lines.append(f"  {_LABELS[key]}  {100 * value:6.2f} %{beside}")
    lines.append(f"  images: {found.preprocessing}")
    if not found.preprocessing.stated:
        lines.append("  the publisher does not say how images were resized, so a little may differ")
    if found.classes < found.of:
        lines.append(
            f"  {found.classes} of {found.of:,} classes are there: not to be compared with the "
            "published figures, which are of all"
        )
    return "\n".join([*lines, *(f"  note: {note}" for note in found.notes if "left" in note)])
