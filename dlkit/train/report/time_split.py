"""How an epoch's time parts into waiting for the input and computing."""

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence

from dlkit.plots import labels

KEEPS_UP, HOLDS_UP = 0.05, 0.3  # shares of the time


@dataclasses.dataclass(frozen=True)
class TimeSplit:
    """The usual epoch's seconds.

    Attributes:
        waiting: in which steps waited for their batches.
        computing: the rest of them.
    """

    waiting: float
    computing: float

    @property
    def share(self) -> float:
        """The input's."""
        return self.waiting / (self.waiting + self.computing)

    def sentence(self) -> str:
        """Says the share, and what it means."""
        told = f"Steps waited for their input in {labels.percent(self.share)} of the time: "
        if self.share < KEEPS_UP:
            return f"{told}it keeps up."
        if self.share < HOLDS_UP:
            return f"{told}a quicker one would gain that much at most."
        return (
            f"{told}it holds training up. Smaller image files, a cache of decoded images, less "
            "augmentation or a quicker disk would help."
        )


def of(history: Mapping[str, Sequence[float]]) -> TimeSplit | None:
    """The median epoch of a log, without the first, which traces; None where nobody measured."""
    pairs = zip(history.get("input_seconds", []), history.get("seconds", []), strict=False)
    epochs = [(wait, whole) for wait, whole in pairs if math.isfinite(wait) and whole > 0]
    epochs = epochs[1:] or epochs
    if not epochs:
        return None
    whole = statistics.median(seconds for _, seconds in epochs)
    waiting = whole * statistics.median(min(1.0, wait / seconds) for wait, seconds in epochs)
    return TimeSplit(waiting, whole - waiting)
