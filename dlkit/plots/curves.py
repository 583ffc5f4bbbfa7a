"""Training curves: how loss and metrics went, epoch by epoch."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlkit.plots import labels, scales, style

NOT_METRICS = (
    *("epoch", "learning_rate", "lr"),
    *("seconds", "input_seconds", "images_per_second"),
)
PANEL = (414, 236)  # width, height in pixels
SMALL = (414, 124)

History = Mapping[str, Sequence[float]]


def metrics(history: History) -> list[str]:
    """Returns the names of the metrics in `history` without `val_`, loss first."""
    names = dict.fromkeys(name.removeprefix("val_") for name in history if name not in NOT_METRICS)
    return sorted(names, key=lambda name: name != "loss")


def curves(
    history: History, best_epoch: int | None = None, only: Sequence[str] | None = None
) -> Figure:
    """Draws loss and metrics against the epoch, training beside validation.

    Args:
        history: columns by name, as `model.fit(...).history` has them: `loss`, `val_loss`, … each
            of shape (epochs,). A column `epoch` gives the numbers of the epochs; without it they
            count from 1. NaN leaves a gap and is said.
        best_epoch: the epoch that is marked, as the `epoch` column numbers it.
        only: the metrics to draw, by default all, one panel each.

    Returns:
        A Figure with a panel for each metric, side by side.

    Raises:
        ValueError: `history` holds no metric.

    Example:
        ```python
        history = model.fit(images, labels, validation_split=0.2).history
        plots.curves(history).savefig("curves.png")
        ```
    """
    names = list(only) if only is not None else metrics(history)
    if not names:
        raise ValueError(f"no metric among the columns {sorted(history)}; expected one like 'loss'")
    width, height = PANEL
    with style.theme():
        drawn = style.figure(width * len(names), height, _describe(history, names, best_epoch))
        for position, name in enumerate(names):
            panel(drawn, (position * width, 0, width, height), history, name, best_epoch)
    return drawn


def learning_rate(values: Sequence[float], epochs: Sequence[float] | None = None) -> Figure:
    """Draws the learning rate of each epoch, small.

    Args:
        values: (epochs,), the step size at the end of each epoch.
        epochs: (epochs,), their numbers; by default from 1.
    """
    return series("Learning rate", values, epochs)


def series(
    title: str, values: Sequence[float], epochs: Sequence[float] | None = None, unit: str = ""
) -> Figure:
    """Draws one quantity against the epoch as a small panel, from zero up."""
    values = np.asarray(values, dtype=float)
    x = np.asarray(epochs if epochs is not None else range(1, len(values) + 1), dtype=float)
    finite = values[np.isfinite(values)]
    ends = dict.fromkeys(labels.value("", value) + unit for value in [*finite[:1], *finite[-1:]])
    ends = " to ".join(ends) or "not finite"
    width, height = SMALL
    with style.theme():
        drawn = style.figure(width, height, f"{title} by epoch: {ends}.")
        axes = _frame(drawn, (0, 0, width, height), title, ends)
        _line(axes, x, values, style.MUTED)
        top = float(finite.max()) if len(finite) else 1.0
        top = top if top > 0 else 1.0
        axes.set_ylim(0, 1.1 * top)
        axes.set_yticks([0, top], ["0", _tick(top)])
        scales.epochs(axes, x)
    return drawn


def panel(
    drawn: Figure, box: tuple[float, ...], history: History, name: str, best_epoch: int | None
) -> None:
    """Draws the curves of one metric into a box of the figure: left, top, width, height."""
    train, val = (_column(history, prefix + name) for prefix in ("", "val_"))
    x = epochs_of(history)
    judged = val if val is not None else train
    note = _best_note(name, x, judged, best_epoch)
    axes = _frame(drawn, box, labels.metric(name), note)
    for values, color in ((train, style.MUTED), (val, style.ACCENT)):
        if values is not None:
            _line(axes, x, values, color)
    scales.values(axes, name, [values for values in (train, val) if values is not None])
    scales.epochs(axes, x)
    if note:
        at = int(np.flatnonzero(x == best_epoch)[0])
        color = style.ACCENT if val is not None else style.MUTED
        axes.axvline(x[at], color=style.MUTED, linewidth=1, dashes=(2, 3), zorder=1.5)
        axes.plot(x[at], judged[at], "o", color=color, mec=style.SURFACE, mew=2, ms=9, zorder=4,
                  clip_on=False)  # fmt: skip
    _name_lines(axes, x, train, val)
    broken = first_broken(history, name)
    if broken is not None:
        axes.text(0.02, 0.04, f"not finite from epoch {broken:g}", color=style.WARM,
                  transform=axes.transAxes, size=11)  # fmt: skip


def _frame(drawn: Figure, box: tuple[float, ...], title: str, note: str) -> Axes:
    """Places axes under a title, with a muted note at the title's right."""
    left, top, width, height = box
    axes = style.place(drawn, left + 44, top + 32, width - 44 - 52, height - 32 - 26)
    style.write(drawn, left + 4, top + 4, title, weight="bold", size=12.5)
    style.write(drawn, left + width - 12, top + 5, note, ha="right", color=style.MUTED, size=11)
    return axes


def _line(axes: Axes, x: np.ndarray, values: np.ndarray, color: str) -> None:
    """Draws the finite values; a lone one is a dot, for a line of one point cannot be seen."""
    keep = np.isfinite(values)
    lone = keep.sum() == 1
    axes.plot(x[keep], values[keep], color=color, marker="o" if lone else "", markersize=6)


def _name_lines(axes: Axes, x: np.ndarray, train, val) -> None:
    """Names each line at its right end; names that would touch are pushed apart."""
    ends = []
    for name, values, color in (("train", train, style.MUTED), ("val", val, style.ACCENT)):
        finite = np.flatnonzero(np.isfinite(values)) if values is not None else []
        if len(finite):
            at = axes.transData.transform((x[finite[-1]], values[finite[-1]]))
            at = axes.transAxes.inverted().transform(at)
            ends.append([at[1], at[0], name, color])
    ends.sort()
    gap = 15 / (axes.get_position().height * axes.figure.get_size_inches()[1] * 72)
    if len(ends) == 2 and ends[1][0] - ends[0][0] < gap:
        middle = (ends[0][0] + ends[1][0]) / 2
        ends[0][0], ends[1][0] = middle - gap / 2, middle + gap / 2
    for y, right, name, color in ends:
        left = 1.02 if len(x) == 1 else right + 0.04
        weight = "bold" if name == "val" else "normal"
        axes.text(left, y, name, color=color, transform=axes.transAxes, va="center", weight=weight)


def epochs_of(history: History) -> np.ndarray:
    """Returns the epochs' numbers: the `epoch` column, or 1, 2, … without one."""
    if "epoch" in history:
        return np.asarray(history["epoch"], dtype=float)
    return np.arange(1.0, 1 + max((len(column) for column in history.values()), default=0))


def first_broken(history: History, name: str) -> float | None:
    """Returns the first epoch whose training value of metric `name` is not finite, or None.

    Validation may be skipped in some epochs, so its gaps do not count.
    """
    train = _column(history, name)
    broken = np.flatnonzero(~np.isfinite(train)) if train is not None else []
    return float(epochs_of(history)[broken[0]]) if len(broken) else None


def _column(history: History, name: str) -> np.ndarray | None:
    return np.asarray(history[name], dtype=float) if name in history else None


def _best_note(name: str, x: np.ndarray, judged: np.ndarray, best_epoch: int | None) -> str:
    at = np.flatnonzero(x == best_epoch) if best_epoch is not None else []
    if not len(at) or not math.isfinite(judged[at[0]]):
        return ""
    return f"{labels.value(name, float(judged[at[0]]))} at epoch {best_epoch:g}"


def _describe(history: History, names: Sequence[str], best_epoch: int | None) -> str:
    parts = []
    for name in names:
        val = _column(history, f"val_{name}")
        values, kind = (val, "validation") if val is not None else (history[name], "training")
        values = np.asarray(values, dtype=float)
        finite = values[np.isfinite(values)]
        went = (
            f"from {labels.value(name, finite[0])} to {labels.value(name, finite[-1])}"
            if len(finite)
            else "never finite"
        )
        parts.append(f"{kind} {labels.metric(name).lower()} {went}")
    best = f"; best epoch {best_epoch:g}" if best_epoch is not None else ""
    return f"Curves over {len(epochs_of(history))} epochs: {', '.join(parts)}{best}."


def _tick(number: float) -> str:
    """A number in the six letters that the margin of a small panel has room for."""
    text = labels.value("", number)
    if len(text) > 6:
        text = f"{number:.2g}"
    return text if len(text) <= 6 else f"{number:.0e}".replace("e-0", "e-").replace("e+0", "e+")
