"""Rows of text in aligned columns."""

from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns two spaces apart; a heading that begins with `>` puts its column to the right."""
    right = [heading.startswith(">") for heading in headings]
    lines = [[heading.lstrip(">") for heading in headings], *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths, right) for line in lines)


def sizes(shape: Iterable[int | None]) -> str:
    """`(112, 112, 64)` as `112×112×64`, and `any` where a size is unknown."""
    return "×".join("any" if size is None else f"{size:g}" for size in shape)


def amount(number: int) -> str:
    """`61706` as `61,706`; nothing for 0, which would only fill a column."""
    return f"{number:,}" if number else ""


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()
