"""What was measured, as tables for people and as plain values for programs."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from dlkit_vision.experiments.finding import Result

WORDS = {True: "yes", False: "NO", None: ""}


@dataclasses.dataclass(frozen=True)
class Measured:
    """An experiment's result with one seed.

    Attributes:
        experiment: its name.
        seed: which.
        result: what was found.
        seconds: that it took.
        cpu_seconds: that processors worked on it, all together.
    """

    experiment: str
    seed: int
    result: Result
    seconds: float
    cpu_seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "experiment": self.experiment,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "cpu_seconds": round(self.cpu_seconds, 1),
            "holds": self.result.holds,
            "findings": [finding.as_dict() for finding in self.result.findings],
        }


def table(results: Sequence[Measured]) -> str:
    """A Markdown table of one experiment: a row a claim, and what each seed measured."""
    headings = ["claim", "required", *(f"seed {one.seed}" for one in results), "holds"]
    rows = []
    for same in zip(*(one.result.findings for one in results), strict=True):
        holds = [finding.holds for finding in same]
        every = None if None in holds else all(holds)
        said = [finding.said for finding in same]
        rows.append([same[0].claim, same[0].required, *said, WORDS[every]])
    return _markdown(headings, rows)


def summary(results: Sequence[Measured]) -> str:
    """One line on all: how many claims hold, and what it took."""
    required = [f for one in results for f in one.result.findings if f.holds is not None]
    held = sum(finding.holds for finding in required)
    seconds = sum(one.seconds for one in results)
    worked = sum(one.cpu_seconds for one in results)
    return (
        f"{held} of {len(required)} requirements hold; {seconds:.0f} seconds, of processors "
        f"{worked:.0f}."
    )


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [headings, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(map(str.ljust, cells, widths)) + " |" for cells in lines)
