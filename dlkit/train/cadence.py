"""How often something is done in a run: `200steps`, `2min`, `1epoch`."""

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
EXPECTED = "a number and steps, s, min, h or epoch, such as 200steps, 2min or 1epoch"


@dataclasses.dataclass(frozen=True)
class Cadence:
    """Every so many steps, seconds or epochs.

    Attributes:
        count: a whole number of steps or epochs, or a number of seconds; above 0.
        unit: `steps`, `seconds` or `epochs`.
    """

    count: float
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Cadence":
        """Reads `200steps`, `2min`, `1epoch`.

        Raises:
            ValueError: it says nothing of the kind; the text tells what is expected.
        """
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

    def due(self, *, steps: int, seconds: float, epochs: int) -> bool:
        """Whether it is time again.

        Args:
            steps: done since the last time.
            seconds: passed since the last time.
            epochs: finished since the last time.
        """
        return {"steps": steps, "seconds": seconds, "epochs": epochs}[self.unit] >= self.count
