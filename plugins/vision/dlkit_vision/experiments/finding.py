"""What an experiment finds: a number, and what the claim requires of it."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

GAP = 10.0
"""Points of accuracy that two networks must lie apart, on every seed, for one to count as better.

An accuracy on 450 test digits has a standard error of at most 2.4 points, so this is four of them.
"""


@dataclasses.dataclass(frozen=True)
class Finding:
    """A measured number, with the bounds within which the claim holds.

    Attributes:
        claim: what the number is, in a few words.
        measured: the number.
        unit: `"%"`, `"points"` (of percent) or what is counted; nothing for a ratio.
        least: the lower bound; None where there is none.
        most: the upper bound. A number without any bound is shown, and nothing is required of it;
            where both are the same, the number must be that to nine digits.

    Example:
        >>> found = Finding("tanh above sigmoid", 88.9, "points", least=10.0)
        >>> found.required, found.holds
        ('≥ 10 points', True)
    """

    claim: str
    measured: float
    unit: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the number lies within the bounds; None without any. NaN lies within none."""
        if self.least is None and self.most is None:
            return None
        if self.least == self.most:
            return math.isclose(self.measured, self.least, rel_tol=1e-9)
        above = self.least is None or self.measured >= self.least
        return bool(above and (self.most is None or self.measured <= self.most))

    @property
    def required(self) -> str:
        """The bounds in words."""
        if self.least is not None and self.least == self.most:
            return f"= {self.text(self.least)}"
        bounds = (("≥", self.least), ("≤", self.most))
        return ", ".join(f"{sign} {self.text(x)}" for sign, x in bounds if x is not None)

    @property
    def said(self) -> str:
        """The number with its unit."""
        return self.text(self.measured)

    def text(self, number: float) -> str:
        """A number as this finding writes it: percent to a tenth, others to four digits."""
        if number == int(number) if math.isfinite(number) else False:
            written = f"{int(number):,}"
        else:
            written = f"{number:.1f}" if self.unit in ("%", "points") else f"{number:.4g}"
        space = "" if self.unit in ("", "%") else " "
        return f"{written}{space}{self.unit}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, which has no NaN."""
        own = dataclasses.asdict(self)
        own["measured"] = self.measured if math.isfinite(self.measured) else None
        return {**own, "required": self.required, "holds": self.holds}


@dataclasses.dataclass(frozen=True)
class Result:
    """What one experiment found with one seed.

    Attributes:
        findings: in the order in which they are read.
        pictures: name -> what draws it; nothing is drawn unless asked for.
    """

    findings: tuple[Finding, ...]
    pictures: Mapping[str, Callable[[], Figure]] = dataclasses.field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether everything that is required holds."""
        return all(finding.holds is not False for finding in self.findings)
