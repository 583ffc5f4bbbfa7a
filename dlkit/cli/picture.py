"""Pictures that commands write: where they may go, which is told before any work, and how."""

import pathlib
import shlex

from dlkit.registry import errors

FORMATS = (".png", ".svg", ".pdf")


def place(option: str, word: str, example: str = "picture.png") -> pathlib.Path:
    """The file of an option such as `--out`.

    Args:
        option: the option.
        word: what was typed behind it.
        example: what could have been.

    Raises:
        UsageError: its name ends in no format, it is a folder, or its folder is not there.
    """
    path = pathlib.Path(word)
    example = f"As in: {option} {example}"
    if path.is_dir():
        raise errors.UsageError(f"{option} {word}: is a folder.", example)
    if path.suffix.lower() not in FORMATS:
        raise errors.UsageError(
            f"{option} {word}: expected a name in {', '.join(FORMATS)}.", example
        )
    if not path.parent.is_dir():
        is_file = path.parent.exists()
        told = "is no folder" if is_file else "there is no such folder"
        fix = example if is_file else f"Make it: mkdir -p {shlex.quote(str(path.parent))}"
        raise errors.UsageError(f"{option} {word}: {path.parent}: {told}.", fix)
    return path


def write(figure, path: pathlib.Path) -> pathlib.Path:
    """Writes a figure of `dlkit.plots`, whole or not at all, in the format that the suffix says."""
    import tempfile

    from dlkit import plots
    from dlkit.train import atomic

    with tempfile.TemporaryDirectory() as aside:
        drawn = plots.save(figure, pathlib.Path(aside) / path.name)
        return atomic.write_bytes(path, drawn.read_bytes())
