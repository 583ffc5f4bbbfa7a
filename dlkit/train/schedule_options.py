"""The schedules by name, what each may be told, and whether what it is told can be right.

No framework is loaded here: a recipe is checked before one is.
"""

import math
import numbers
from collections.abc import Mapping
from typing import Any

from dlkit.registry import errors

OPTIONS: dict[str, dict[str, Any]] = {
    "cosine": {"end": 0.0},
    "constant": {},
    "step": {"milestones": (0.5, 0.75), "factor": 0.1},
    "exponential": {"factor": 0.94, "periods": 50.0},
    "polynomial": {"power": 1.0, "end": 0.0},
    "one-cycle": {"up": 0.45, "down": 0.45, "start": 0.1, "end": 0.001},
}
"""Each schedule's options and their defaults; rates are shares of the peak, times of the run."""

NAMES = tuple(OPTIONS)

_RANGES = {  # option: least, most, and whether the least itself is allowed
    "end": (0, 1, True),
    "start": (0, 1, True),
    "factor": (0, 1, False),
    "power": (0, math.inf, False),
    "periods": (0, math.inf, False),
    "up": (0, 1, False),
    "down": (0, 1, False),
}


def read(name: str, given: Mapping[str, Any], warmup: float = 0.0) -> dict[str, Any]:
    """All options of a schedule: those that are given, and its defaults for the rest.

    Args:
        name: one of `NAMES`.
        given: options as a recipe's `schedule_options` has them.
        warmup: the epochs or steps of linear rise before the schedule.

    Raises:
        UsageError: there is no such schedule or option, or its value cannot be right.

    Example:
        >>> read("step", {"milestones": [0.3, 0.6, 0.9]})
        {'milestones': (0.3, 0.6, 0.9), 'factor': 0.1}
    """
    if name not in OPTIONS:
        raise errors.UsageError(
            f"there is no schedule {name!r}.{errors.suggestion(str(name), NAMES)} "
            f"There are: {', '.join(NAMES)}.",
            f"Choose one: --set schedule={NAMES[0]}",
        )
    defaults = OPTIONS[name]
    for option in given:
        if option not in defaults:
            raise errors.UsageError(
                f"schedule_options: the schedule {name!r} has no option {option!r}."
                f"{errors.suggestion(str(option), defaults)} "
                f"It has: {', '.join(defaults) or 'none'}.",
                "Take them out: --set 'schedule_options={}'",
            )
    if warmup and name == "one-cycle":
        raise errors.UsageError(
            "a one-cycle schedule rises by itself and takes no warm-up.",
            "Leave it out: --set warmup_epochs=0",
        )
    read = {option: _value(option, given.get(option, value)) for option, value in defaults.items()}
    if read.get("up", 0) + read.get("down", 0) > 1:
        raise _refused("up + down", read["up"] + read["down"], "at most 1, the whole run")
    return read


def _value(option: str, value: Any) -> Any:
    if option == "milestones":
        return _milestones(value)
    least, most, closed = _RANGES[option]
    number = _is_number(value)
    if not number or not least <= value <= most or (value == least and not closed):
        bound = f"at least {least}" if closed else f"above {least}"
        upper = f" and at most {most}" if most < math.inf else ""
        raise _refused(option, value, f"a number {bound}{upper}")
    return float(value)


def _milestones(value: Any) -> tuple[float, ...]:
    shares = list(value) if isinstance(value, list | tuple) else [None]
    numeric = all(_is_number(share) and 0 < share < 1 for share in shares)
    if not shares or not numeric or sorted(set(shares)) != shares:
        raise _refused("milestones", value, "rising shares of the run between 0 and 1")
    return tuple(float(share) for share in shares)


def _is_number(value: Any) -> bool:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)


def _refused(option: str, value: Any, expected: str) -> errors.UsageError:
    return errors.UsageError(
        f"schedule_options.{option}: expected {expected}, got {errors.shown(value)}.",
        f"Set it: --set schedule_options.{option.split()[0]}=VALUE",
    )
