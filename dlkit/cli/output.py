"""What listings look like: aligned columns for people, one JSON value for programs."""

import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

_GAP = "  "
_LEAST = 16  # columns that the last cell keeps, however narrow the terminal


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns, to the width of the terminal: what does not fit is cut in the last one.

    Into a file or a pipe nothing is cut. A heading that begins with `>` puts its column to the
    right; a column without any content is left out.

    Args:
        headings: one a column; `">params"` for numbers.
        rows: one sequence of cells each.
    """
    rows = [[clean(cell) for cell in row] for row in rows]
    used = [i for i in range(len(headings)) if i == 0 or any(row[i] for row in rows)]
    right = [headings[i].startswith(">") for i in used]
    lines = [[headings[i].lstrip(">") for i in used], *([row[i] for i in used] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    room = _room(sum(widths[:-1]) + len(_GAP) * (len(widths) - 1))
    return "\n".join(_line(cells, widths, right, room) for cells in lines)


def clean(text: str) -> str:
    """One line without control characters: a plugin's words cannot disturb the terminal."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """The text without control characters; spaces stay as they are."""
    return text if text.isprintable() else "".join(c for c in text if c.isprintable())


def width(text: str) -> int:
    """The columns that a text takes: two for a wide letter, none for an accent of its own."""
    if text.isascii():
        return len(text)
    import unicodedata  # most texts never need it

    marks = sum(unicodedata.combining(c) > 0 for c in text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - marks


def as_json(value: Any) -> None:
    """Prints one JSON value, in ASCII so that no terminal's encoding can spoil it."""
    from dlkit.train import strict_json  # a listing for people never needs it

    print(strict_json.dumps(value), end="")


def remark(text: str) -> None:
    """Says something beside the listing: on stderr, or nothing where there is nothing to say."""
    if text:
        print(text, file=sys.stderr)


def shape(sizes: Sequence[int]) -> str:
    """`(32, 32, 1)` as `32×32×1`."""
    return "×".join(map(str, sizes))


def amount(number: int) -> str:
    """`61706` as `61,706`."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """`1 model`, `2 models`, `2 losses`."""
    plural = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{amount(number)} {noun}{plural}"


def _room(taken: int) -> int:
    columns = shutil.get_terminal_size((0, 0)).columns
    return max(columns - taken, _LEAST) if columns else sys.maxsize


def _line(cells: list[str], widths: list[int], right: list[bool], room: int) -> str:
    cells = [*cells[:-1], _cut(cells[-1], room)]
    padded = [
        " " * (size - width(cell)) + cell if to_right else cell + " " * (size - width(cell))
        for cell, size, to_right in zip(cells, widths, right, strict=True)
    ]
    return _GAP.join(padded).rstrip()


def _cut(text: str, room: int) -> str:
    if width(text) <= room:
        return text
    while width(text) > room - 1:
        text = text[:-1]
    return text.rstrip() + "…"
