"""How far a network's values spread, layer by layer, and how many are zero."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from dlkit.plots import labels, style

TALLEST, ROW = 900, 18  # pixels of all rows together, and of one
LETTERS = 26  # of a layer's name
TOP, BOTTOM, NAMES = 64, 34, 6.4 * LETTERS
PANEL, GAP = 190, 34


def activations(
    names: Sequence[str],
    deviations: Sequence[float],
    zeros: Sequence[float],
    dead: Sequence[float],
    title: str = "Activations",
) -> Figure:
    """Draws a row a layer: the values' spread, the share of zeros, and that of dead units.

    Args:
        names: the layers', in their order from the image on.
        deviations: (layers,) standard deviations of their values.
        zeros: (layers,) shares of values that are 0.
        dead: (layers,) shares of units that are 0 for all images.
        title: the model and its data, say.

    Raises:
        ValueError: there is no layer, or the columns differ in length.

    Example:
        ```python
        rows = inspection.activations(model, images).rows
        plots.activations([row.name for row in rows], [row.std for row in rows],
                          [row.zeros for row in rows], [row.dead / row.units for row in rows])
        ```
    """
    columns = [np.asarray(column, float) for column in (deviations, zeros, dead)]
    if not len(names) or {len(column) for column in columns} != {len(names)}:
        raise ValueError("names, deviations, zeros and dead are columns of equal length")
    high = min(len(names) * ROW, TALLEST)
    left = NAMES + 12
    with style.theme(**{"axes.grid.axis": "x"}):
        drawn = style.figure(left + 2 * PANEL + GAP + 20, TOP + high + BOTTOM,
                             f"{labels.clean(title)}: {len(names)} layers.")  # fmt: skip
        style.write(drawn, 8, 6, labels.clean(title), weight="bold", size=12.5)
        spread, shares = (
            style.place(drawn, left + n * (PANEL + GAP), TOP, PANEL, high) for n in (0, 1)
        )
        style.write(drawn, left, 40, "Standard deviation", color=style.MUTED, size=11)
        style.write(drawn, left + PANEL + GAP, 40, "Zeros", color=style.ACCENT, size=11)
        style.write(drawn, left + PANEL + GAP + 44, 40, "dead units", color=style.WARM, size=11)
        _rows(spread, names, high)
        _spread(spread, columns[0])
        _shares(shares, columns[1], columns[2])
    return drawn


def _rows(axes: Axes, names: Sequence[str], high: float) -> None:
    """Names the rows, or every second, third … of them where they stand too close."""
    step = int(np.ceil(14 / (high / len(names))))
    axes.set_yticks(range(0, len(names), step))
    axes.set_yticklabels([labels.shorten(name, LETTERS) for name in names[::step]])


def _spread(axes: Axes, deviations: np.ndarray) -> None:
    rows = np.arange(len(deviations))
    alive = np.isfinite(deviations) & (deviations > 0)
    axes.plot(deviations[alive], rows[alive], color=style.ACCENT, linewidth=1.2, alpha=0.5)
    axes.plot(deviations[alive], rows[alive], "o", color=style.ACCENT, ms=4, mew=0)
    _down(axes, len(rows))
    if alive.any():
        low, high = deviations[alive].min(), deviations[alive].max()
        axes.set_xscale("log")
        axes.set_xlim(low / 1.6, high * 1.6)
        few = (1.0,) if high > 30 * low else (1.0, 3.0)
        axes.xaxis.set_major_locator(LogLocator(subs=few, numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))


def _shares(axes: Axes, zeros: np.ndarray, dead: np.ndarray) -> None:
    rows = np.arange(len(zeros))
    axes.barh(rows, zeros, height=0.62, color=style.ACCENT, alpha=0.35, linewidth=0)
    axes.barh(rows, dead, height=0.62, color=style.WARM, linewidth=0)
    _down(axes, len(zeros))
    if not zeros.any():
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color=style.MUTED)
    axes.set_yticks([])
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g}%"))


def _down(axes: Axes, rows: int) -> None:
    """The first layer on top."""
    axes.set_ylim(rows - 0.5, -0.5)
