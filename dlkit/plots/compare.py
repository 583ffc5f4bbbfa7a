"""Several runs on one picture: how loss and metrics went, run beside run."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlkit.plots import labels, scales, style
from dlkit.plots.curves import History, epochs_of, first_broken
from dlkit.plots.curves import metrics as known
from dlkit.plots.spread import spread

SERIES = (style.ACCENT, style.WARM, style.INK, "#0a8f6c", "#b1599f", "#8a8f98")
"""One colour a run; any two can be told apart by every kind of colour sight."""

PLOT = (372, 236)  # width, height in pixels of the curves alone
LETTER = 8.2  # pixels that a bold letter takes, about
LONGEST = 26  # letters of a run's name in the picture
LINE = 15  # pixels from one label to the next

TRAIN = {"linewidth": 1.2, "dashes": (3, 2.5), "alpha": 0.75, "zorder": 2}
VAL = {"linewidth": 2.0, "zorder": 3}


@dataclasses.dataclass(frozen=True)
class _Curve:
    """One run's curves of one metric.

    Attributes:
        label: what stands at its end.
        x: (epochs,) numbers of the epochs.
        train: (epochs,); None where it was not logged.
        val: (epochs,); None where it was not logged.
        best: the epoch that was kept.
        broken: whether the training values end in what is no finite number.
    """

    label: str
    color: str
    x: np.ndarray
    train: np.ndarray | None
    val: np.ndarray | None
    best: int | None
    broken: bool

    @property
    def main(self) -> np.ndarray:
        """Validation, where there is any."""
        return self.val if self.val is not None else self.train

    @property
    def end(self) -> tuple[float, float] | None:
        """The last finite point."""
        finite = np.flatnonzero(np.isfinite(self.main))
        return (float(self.x[finite[-1]]), float(self.main[finite[-1]])) if len(finite) else None


def compare(
    runs: Mapping[str, History],
    metrics: Sequence[str] = ("loss",),
    best: Mapping[str, int] | None = None,
) -> Figure:
    """Draws metrics of several runs against the epoch: validation solid, training dashed.

    Args:
        runs: name -> columns as `plots.curves` takes them: `loss`, `val_loss`, … each (epochs,),
            and `epoch`. At most six; runs may differ in length. NaN ends a curve and is said.
        metrics: the names without `val_`, one panel each; a run that lacks one is left out of it.
        best: name -> the epoch that was kept, which is marked.

    Returns:
        A Figure, the panels side by side, each curve named at its right end.

    Raises:
        ValueError: no run, more than six, or no run has any of the metrics.

    Example:
        ```python
        plots.save(plots.compare({"a": first.history, "b": second.history}), "compare.png")
        ```
    """
    if not 1 <= len(runs) <= len(SERIES):
        raise ValueError(f"{len(runs)} runs; from 1 to {len(SERIES)} can be told apart")
    panels = {name: _curves(runs, name, best or {}) for name in metrics}
    panels = {name: curves for name, curves in panels.items() if curves}
    if not panels:
        raise ValueError(f"no run has a column {' or '.join(metrics)}")
    longest = max(len(curve.label) for curves in panels.values() for curve in curves)
    width, height = 44 + PLOT[0] + 20 + LETTER * longest, 32 + PLOT[1] + 26
    with style.theme():
        drawn = style.figure(width * len(panels), height, _describe(panels))
        for position, (name, curves) in enumerate(panels.items()):
            _panel(drawn, position * width, name, curves)
    return drawn


def distinct(names: Sequence[str], limit: int = LONGEST) -> list[str]:
    """The names, each cut in its middle to `limit` letters, and still told apart.

    Numbered runs differ at their ends, so less is kept of the beginning where that is needed; and
    where nothing helps, the names are numbered.
    """
    names = [labels.clean(name) for name in names]
    if max(map(len, names)) <= limit:
        return list(names)
    for kept in (limit // 3, 1, 0):
        cut = [_cut(name, kept, limit) for name in names]
        if len(set(cut)) == len(set(names)):
            return cut
    return [f"{number}: {_cut(name, 4, limit - 4)}" for number, name in enumerate(names, start=1)]


def _cut(name: str, kept: int, limit: int) -> str:
    return name if len(name) <= limit else f"{name[:kept]}…{name[kept + 1 - limit :]}"


def _curves(runs: Mapping[str, History], metric: str, best: Mapping[str, int]) -> list[_Curve]:
    """The runs' curves of a metric; the colour is the run's in every panel."""
    found = []
    for name, label, color in zip(runs, distinct(list(runs)), SERIES, strict=False):
        train, val = (_column(runs[name], prefix + metric) for prefix in ("", "val_"))
        if train is None and val is None:
            continue
        if any(first_broken(runs[name], other) is not None for other in known(runs[name])):
            label += " (diverged)"  # accuracy stays finite where the loss does not
        broken = first_broken(runs[name], metric) is not None
        x = epochs_of(runs[name])
        found.append(_Curve(label, color, x, train, val, best.get(name), broken))
    return found


def _panel(drawn: Figure, left: float, metric: str, curves: Sequence[_Curve]) -> None:
    """Draws one metric: a title, the curves, and their names."""
    axes = style.place(drawn, left + 44, 32, *PLOT)
    style.write(drawn, left + 4, 4, labels.metric(metric), weight="bold", size=12.5)
    style.write(drawn, left + 44 + PLOT[0], 5, _legend(curves), ha="right", color=style.MUTED,
                size=11)  # fmt: skip
    for curve in curves:
        for values, look in ((curve.train, TRAIN), (curve.val, VAL)):
            _line(axes, curve, values, look)
        _mark(axes, curve)
    scales.values(axes, metric, [v for c in curves for v in (c.train, c.val) if v is not None])
    scales.epochs(axes, np.unique(np.concatenate([curve.x for curve in curves])))
    _name(axes, curves)


def _line(axes: Axes, curve: _Curve, values: np.ndarray | None, look: Mapping) -> None:
    """Draws the finite values; a lone one is a dot, for a line of one point cannot be seen."""
    if values is None:
        return
    keep = np.isfinite(values)
    lone = keep.sum() == 1
    axes.plot(curve.x[keep], values[keep], color=curve.color, marker="o" if lone else "",
              markersize=5, **look)  # fmt: skip


def _mark(axes: Axes, curve: _Curve) -> None:
    """Marks the epoch that was kept with a dot, and where a diverged run ends with a cross."""
    at = np.flatnonzero(curve.x == curve.best) if curve.best is not None else []
    if len(at) and math.isfinite(curve.main[at[0]]):
        axes.plot(curve.x[at[0]], curve.main[at[0]], "o", color=curve.color, mec=style.SURFACE,
                  mew=1.5, ms=8, zorder=4, clip_on=False)  # fmt: skip
    if curve.end and curve.broken:
        axes.plot(*curve.end, "x", color=curve.color, ms=8, mew=2, zorder=4, clip_on=False)


def _name(axes: Axes, curves: Sequence[_Curve]) -> None:
    """Writes the names in a column at the right, each led to the end of its curve."""
    to_box = axes.transData + axes.transAxes.inverted()
    ends = [to_box.transform(curve.end) if curve.end else (1.0, 0.0) for curve in curves]
    places = spread([float(end[1]) for end in ends], LINE / PLOT[1], 0.0, 1.0)
    for curve, end, place in zip(curves, ends, places, strict=True):
        if curve.end:
            axes.plot([end[0], 1.0, 1.02], [end[1], place, place], color=curve.color, linewidth=0.9,
                      dashes=(1, 2), transform=axes.transAxes, clip_on=False, zorder=1)  # fmt: skip
        axes.text(1.03, place, curve.label, color=curve.color, transform=axes.transAxes,
                  va="center", weight="bold")  # fmt: skip


def _legend(curves: Sequence[_Curve]) -> str:
    kinds = [("solid: validation", any(curve.val is not None for curve in curves)),
             ("dashed: training", any(curve.train is not None for curve in curves))]  # fmt: skip
    return ", ".join(text for text, is_there in kinds if is_there)


def _describe(panels: Mapping[str, Sequence[_Curve]]) -> str:
    """The picture in words."""
    told = []
    for name, curves in panels.items():
        ends = [f"{c.label} {labels.value(name, c.end[1]) if c.end else 'never finite'}"
                for c in curves]  # fmt: skip
        told.append(f"{labels.metric(name).lower()} ends at {', '.join(ends)}")
    return f"Curves of {max(map(len, panels.values()))} runs: {'; '.join(told)}."


def _column(history: History, name: str) -> np.ndarray | None:
    return np.asarray(history[name], dtype=float) if name in history else None
