"""Axes that suit what they measure."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from dlkit.plots import labels


def values(axes: Axes, name: str, columns: Sequence[np.ndarray]) -> None:
    """Sets the vertical axis for a metric's values: percent, logarithmic or plain.

    Args:
        axes: the axes that hold the curves.
        name: the metric; shares such as accuracy are read in percent.
        columns: the values drawn, each (epochs,); what is not finite does not count.
    """
    finite = np.concatenate(columns)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        return
    low, high = float(finite.min()), float(finite.max())
    if labels.is_share(name) and low >= 0 and high <= 1:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.3g}%"))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        room = 0.06 * (high - low) or 0.05
        axes.set_ylim(max(0.0, low - room), min(1.0, high) + room)
    elif low > 0 and high > 30 * low:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if high > 300 * low else (1.0, 3.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: labels.value(name, y)))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: labels.value(name, y)))
        room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_ylim(0 if 0 <= low < 0.3 * high else low - room, high + room)


def epochs(axes: Axes, x: np.ndarray) -> None:
    """Sets the horizontal axis for epochs `x`, (epochs,): whole numbers, both ends named."""
    first, last = (float(x[0]), float(x[-1])) if len(x) else (1.0, 1.0)
    room = 0.02 * (last - first) or 0.5
    axes.set_xlim(first - room, last + room)
    ticks = MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]).tick_values(first, last)
    inner = [tick for tick in ticks if first < tick < last]
    gap = (inner[1] - inner[0]) if len(inner) > 1 else last - first
    ends = [first, *(tick for tick in inner if min(tick - first, last - tick) > 0.5 * gap), last]
    axes.set_xticks(sorted(set(ends)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
