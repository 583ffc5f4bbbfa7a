"""How often something is done in a run: `auto`, `200steps`, `2min`, `1epoch`."""

import dataclasses
import re

from dlkit.registry.errors import suggestion

_UNITS = {
    **dict.fromkeys(("step", "steps", "batch", "batches"), ("steps", 1)),
    **dict.fromkeys(("epoch", "epochs"), ("epochs", 1)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("seconds", 1)),
    **dict.fromkeys(("min", "minute", "minutes"), ("seconds", 60)),
    **dict.fromkeys(("h", "hour", "hours"), ("seconds", 3600)),
}
EXPECTED = "auto, or a number and steps, s, min, h or epoch, such as 200steps, 2min or 1epoch"
SHARE = 0.005  # of the time, which `auto` lets the thing itself take
FIRST_COST = 0.05  # seconds that it is taken to need before it was ever timed


@dataclasses.dataclass(frozen=True)
class Cadence:
    """Every so many steps, seconds or epochs; or `auto`.

    `auto` is after an epoch, but for those that end so soon after the last time that the thing
    would take more than half a percent of the time; the first comes after ten seconds.

    Attributes:
        count: a whole number of steps or epochs, or a number of seconds; above 0.
        unit: `steps`, `seconds`, `epochs` or `auto`.
    """

    count: float
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Cadence":
        """Reads `auto`, `200steps`, `2min`, `1epoch`.

        Raises:
            ValueError: it says nothing of the kind; the text tells what is expected.
        """
        if str(text).strip().lower() == "auto":
            return cls(1, "auto")
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", str(text).lower())
        if not found:
            raise ValueError(EXPECTED)
        if found[2] not in _UNITS:
            raise ValueError(f"{EXPECTED}.{suggestion(found[2], _UNITS)}".rstrip("."))
        unit, factor = _UNITS[found[2]]
        count = float(found[1]) * factor
        if not count > 0 or (unit != "seconds" and count != int(count)):
            raise ValueError(f"{EXPECTED}; {unit} are whole numbers above 0")
        return cls(count, unit)

    def due(self, *, steps: int, seconds: float, epochs: int, cost: float = FIRST_COST) -> bool:
        """Whether it is time again.

        Args:
            steps: done since the last time.
            seconds: passed since the last time.
            epochs: finished since the last time.
            cost: seconds that it took the last time.
        """
        if self.unit == "auto":
            return epochs > 0 and seconds * SHARE >= cost
        return {"steps": steps, "seconds": seconds, "epochs": epochs}[self.unit] >= self.count
