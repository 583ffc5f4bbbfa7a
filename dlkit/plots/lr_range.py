"""The learning-rate range test: the loss over rates from far too low to far too high."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from dlkit.plots import labels, style

SIZE = (640, 360)  # width, height in pixels


def lr_range(
    rates: Sequence[float],
    losses: Sequence[float],
    smooth: Sequence[float],
    suggestion: float | None = None,
    title: str = "Learning rate range test",
) -> Figure:
    """Draws each step's loss as a dot, the smoothed loss as a line, and the rate to choose.

    Args:
        rates: (n,) the learning rates, rising.
        losses: (n,) the loss at each of them.
        smooth: (n,) the same, smoothed.
        suggestion: the rate that is marked; None marks none.
        title: what was trained on what.

    Example:
        ```python
        found = lr_find.sweep(model, data)
        plots.save(plots.lr_range(found.rates, found.losses, found.smooth, found.suggestion),
                   "lr-find.png")
        ```
    """
    rates, losses, smooth = (np.asarray(values, float) for values in (rates, losses, smooth))
    width, height = SIZE
    said = f"suggested: {suggestion:g}" if suggestion else "no suggestion"
    ends = f"{rates[0]:.1g} to {rates[-1]:.1g}"
    alt = f"{labels.clean(title)}: loss over learning rates {ends}; {said}."
    with style.theme():
        drawn = style.figure(width, height, alt)
        style.write(drawn, 24, 18, labels.clean(title), weight="bold", size=12.5)
        style.write(
            drawn,
            24,
            40,
            "Loss of each step's batch, and smoothed, as the rate rises",
            color=style.MUTED,
            size=11,
        )
        axes = style.place(drawn, 64, 76, width - 64 - 36, height - 76 - 58)
        _scales(axes, rates, losses, smooth)
        shown = losses <= axes.get_ylim()[1]
        axes.plot(rates[shown], losses[shown], "o", color=style.MUTED, alpha=0.35, ms=3.5, mew=0)
        axes.plot(rates, smooth, color=style.ACCENT, zorder=3)
        axes.set_xlabel("learning rate", size=11)
        if suggestion:
            _mark(axes, suggestion, float(np.interp(suggestion, rates, smooth)))
    return drawn


def _scales(axes: Axes, rates: np.ndarray, losses: np.ndarray, smooth: np.ndarray) -> None:
    """A rate axis of whole decades; a loss axis that the leap at the end does not flatten."""
    axes.set_xscale("log")
    axes.set_xlim(rates[0] / 1.3, rates[-1] * 1.3)
    axes.xaxis.set_major_locator(LogLocator(numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    first = float(losses[:10].mean())
    low = float(min(losses.min(), smooth.min()))
    high = min(float(losses.max()), first + 0.6 * max(first - low, 0.1 * abs(first)))
    room = 0.06 * (high - low) or 1.0
    axes.set_ylim(0 if 0 <= low < 0.5 * high else low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: labels.value("", y)))


def _mark(axes: Axes, rate: float, loss: float) -> None:
    axes.axvline(rate, color=style.MUTED, linewidth=1, dashes=(2, 3), zorder=1.5)
    axes.plot(rate, loss, "o", color=style.ACCENT, mec=style.SURFACE, mew=2, ms=10, zorder=4)
    left = np.log10(rate) > np.mean(np.log10(axes.get_xlim()))
    axes.annotate(
        f"{rate:g}",
        (rate, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-7 if left else 7, -2),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        color=style.ACCENT,
        weight="bold",
        size=13,
    )
