"""How a check says no."""

from collections.abc import Iterable
from typing import Any

import numpy as np


class CheckFailed(AssertionError):
    """A check's finding: what is wrong with the plugin, in words for its author."""


def expect(condition: Any, message: str) -> None:
    """Raises `CheckFailed(message)` unless `condition` holds."""
    __tracebackhide__ = True  # pytest shows the check that failed, not this line
    if not condition:
        raise CheckFailed(message)


def expect_close(
    found: Any, wanted: Any, message: str, *, rtol: float = 1e-4, atol: float = 1e-5
) -> None:
    """Raises `CheckFailed` with the largest difference unless two arrays agree.

    Args:
        found: an array.
        wanted: an array of the same shape.
        message: what it means if they do not agree.
        rtol: relative tolerance, as in `numpy.allclose`.
        atol: absolute tolerance, as in `numpy.allclose`.
    """
    __tracebackhide__ = True
    found, wanted = np.asarray(found), np.asarray(wanted)
    expect(found.shape == wanted.shape, f"{message}: shapes {found.shape} and {wanted.shape}")
    if not np.allclose(found, wanted, rtol=rtol, atol=atol, equal_nan=True):
        gap = np.max(np.abs(found.astype("float64") - wanted.astype("float64")))
        raise CheckFailed(f"{message}: the largest difference is {gap:.3g}")


def some(words: Iterable[object], limit: int = 5) -> str:
    """The first few of many, as in `a, b, c and 4 more`."""
    words = [str(word) for word in words]
    more = f" and {len(words) - limit} more" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more
