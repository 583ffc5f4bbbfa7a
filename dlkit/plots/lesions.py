"""What each residual block is good for: the accuracy that is left without it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dlkit.plots import labels, style

ROW, TOP, BOTTOM, NAMES, PANEL = 17, 62, 34, 150, 330


def lesions(
    names: Sequence[str],
    accuracies: Sequence[float],
    whole: float,
    title: str = "Accuracy without a block",
) -> Figure:
    """Draws a row a cut: the accuracy that is left, against that of the whole network.

    Args:
        names: of the blocks that were switched off, from the image on.
        accuracies: (cuts,) what was left, in [0, 1].
        whole: the accuracy with nothing off.
        title: the model and its data, say.

    Raises:
        ValueError: there is no cut, or not one accuracy each.

    Example:
        ```python
        whole, cut = inspection.lesion_study(model, images, labels)
        plots.lesions(inspection.residual_blocks(model), cut, whole)
        ```
    """
    accuracies = np.asarray(accuracies, float)
    if not len(names) or accuracies.shape != (len(names),):
        raise ValueError(f"{len(names)} names and accuracies of shape {accuracies.shape}: one each")
    rows, high = np.arange(len(names)), ROW * len(names)
    least = int(accuracies.argmin())
    name, left = labels.clean(names[least]), labels.percent(float(accuracies[least]))
    middle = labels.percent(float(np.median(accuracies)))
    alt = f"{labels.percent(whole)} whole, median {middle}, least {left} without {name}."
    with style.theme(**{"axes.grid.axis": "x"}):
        drawn = style.figure(
            NAMES + PANEL + 60, TOP + high + BOTTOM, f"{labels.clean(title)}: {alt}"
        )
        style.write(drawn, 8, 6, labels.clean(title), weight="bold", size=12.5)
        axes = style.place(drawn, NAMES, TOP, PANEL, high)
        axes.set_xlim(0, 1)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.axvline(whole, color=style.MUTED, linewidth=1, dashes=(2, 3), zorder=1.5)
        axes.text(whole, -0.75, f"whole {labels.percent(whole)}", ha="right", va="bottom",
                  color=style.MUTED, size=11)  # fmt: skip
        axes.hlines(rows, accuracies, whole, color=style.WARM, linewidth=2.5)
        axes.plot(accuracies, rows, "o", color=style.ACCENT, ms=6, mew=0, zorder=3)
        axes.set_yticks(rows)
        axes.set_yticklabels([labels.shorten(name, 22) for name in names])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g}%"))
        if accuracies[least] < whole:
            _tell(axes, float(accuracies[least]), least, left)
    return drawn


def _tell(axes: Axes, accuracy: float, row: int, text: str) -> None:
    """Writes the least accuracy beside its dot, on the side where no line is if there is room."""
    before = accuracy > 0.13
    axes.annotate(
        text,
        (accuracy, row),
        xytext=(-7 if before else 8, 0),
        textcoords="offset points",
        ha="right" if before else "left",
        va="center",
        color=style.WARM,
        weight="bold",
        size=11,
        bbox={"facecolor": style.SURFACE, "edgecolor": "none", "pad": 1},
    )
