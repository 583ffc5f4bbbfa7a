"""Where a command may write a picture; a wrong place is told before any work."""

import pathlib
import shlex

from dlkit.registry import errors

FORMATS = (".png", ".svg", ".pdf")


def place(option: str, word: str) -> pathlib.Path:
    """The file of an option such as `--out`.

    Raises:
        UsageError: its name ends in no format, it is a folder, or its folder is not there.
    """
    path = pathlib.Path(word)
    example = f"As in: {option} picture.png"
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
