"""`dlkit report RUN`: writes a run's report anew, from its folder alone."""

import argparse
import io
import pathlib
import shlex

from dlkit.registry import errors

NAME = "report"
HELP = "write a run's report anew"

_FORMATS = (".png", ".svg", ".pdf")


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
    picture = None if args.picture is None else _picture(args.picture)

    from dlkit.train.run import Run

    session = Run(args.run_folder)
    print(session.report())
    if picture:
        from dlkit.train import atomic, report

        drawn = io.BytesIO()
        kind = picture.suffix.lower().removeprefix(".")
        report.summary(session.folder).savefig(drawn, format=kind)
        print(atomic.write_bytes(picture, drawn.getvalue()))
    return 0


def _picture(word: str) -> pathlib.Path:
    """The file that a picture may be written to; a wrong one is told before any work.

    Raises:
        UsageError: its name ends in no format, it is a folder, or its folder is not there.
    """
    path = pathlib.Path(word)
    example = "As in: --picture run.png"
    if path.is_dir():
        raise errors.UsageError(f"--picture {word}: is a folder.", example)
    if path.suffix.lower() not in _FORMATS:
        formats = ", ".join(_FORMATS)
        raise errors.UsageError(f"--picture {word}: expected a name in {formats}.", example)
    if not path.parent.is_dir():
        is_file = path.parent.exists()
        told = "is no folder" if is_file else "there is no such folder"
        fix = example if is_file else f"Make it: mkdir -p {shlex.quote(str(path.parent))}"
        raise errors.UsageError(f"--picture {word}: {path.parent}: {told}.", fix)
    return path
