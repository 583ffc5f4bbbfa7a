"""A whole run in one picture, for a README or a slide."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlkit.plots import confusion, images, labels, style
from dlkit.plots.curves import History, metrics, panel

WIDTH, HEIGHT = 800, 350
TOP = 52  # where the three pictures begin
TILES = (4, 3)  # columns, rows


def run_summary(
    history: History,
    matrix: np.ndarray,
    class_names: Sequence[str],
    mistakes: tuple[Sequence[np.ndarray], np.ndarray, np.ndarray, np.ndarray],
    title: str = "",
    note: str = "",
    best_epoch: int | None = None,
) -> Figure:
    """Draws curves, confusion matrix and surest mistakes side by side, 1600 x 700 at scale 2.

    Args:
        history: see `curves`; the first two metrics are drawn.
        matrix: (classes, classes) counts, true class by row; up to 20 classes read well.
        class_names: the name of each class.
        mistakes: images, true classes, predicted classes, probabilities, as `plots.mistakes`
            takes them.
        title: bold, in the upper left corner.
        note: muted, after the title's line.
        best_epoch: the epoch that is marked.

    Returns:
        A Figure; `plots.save(figure, "summary.png")` writes it.
    """
    with style.theme():
        drawn = style.figure(WIDTH, HEIGHT, f"{title}: curves, confusion matrix, mistakes.")
        style.write(drawn, 20, 14, title, weight="bold", size=15)
        style.write(drawn, WIDTH - 20, 17, note, ha="right", color=style.MUTED, size=12)
        names = metrics(history)[:2]
        height = (HEIGHT - TOP - 8) / max(len(names), 1)
        for position, name in enumerate(names):
            top = TOP + position * height
            panel(drawn, (16, top, 264, height), history, name, best_epoch)
        _matrix(drawn, 312, matrix, class_names)
        _mistakes(drawn, 596, class_names, mistakes)
    return drawn


def _matrix(drawn: Figure, left: float, matrix: np.ndarray, class_names: Sequence[str]) -> None:
    names = [labels.shorten(name, 7) for name in class_names]
    beside = 10 + 6.4 * max((len(name) for name in names), default=1)
    side = 254 - beside
    style.write(drawn, left, TOP + 4, "Truth by answer", weight="bold", size=12.5)
    axes = style.place(drawn, left + beside, TOP + 32, side, side)
    cell = side / len(matrix)
    confusion.draw(axes, matrix, np.arange(len(matrix)), counts=min(9.5, cell / 2.2))
    if cell < 9:
        return
    for position, name in enumerate(names):
        axes.text(-5 / cell, position + 0.5, labels.isolate(name), ha="right", va="center",
                  size=min(10.5, cell * 0.8), color=style.MUTED)  # fmt: skip
    if max(map(len, names)) <= 2:
        for position, name in enumerate(names):
            axes.text(position + 0.5, len(names) + 4 / cell, labels.isolate(name), ha="center",
                      va="top", size=10.5, color=style.MUTED)  # fmt: skip


def _mistakes(drawn: Figure, left: float, class_names: Sequence[str], mistakes) -> None:
    pictures, truth, predictions, sure = mistakes
    columns, rows = TILES
    size, gap, line = 42, 5, 45
    style.write(drawn, left, TOP + 4, "Surest mistakes", weight="bold", size=12.5)
    if not len(pictures):
        style.write(drawn, left, TOP + 32, "none", color=style.MUTED, size=11)
    order = np.argsort(-np.asarray(sure, dtype=float), kind="stable")[: columns * rows]
    for position, place in enumerate(order):
        row, column = divmod(position, columns)
        was, said = (labels.shorten(class_names[k], 3) for k in (truth[place], predictions[place]))
        caption = (f"{labels.isolate(was)} → {labels.isolate(said)}",
                   labels.percent(float(sure[place]), 0))  # fmt: skip
        x, y = left + column * (size + gap), TOP + 32 + row * (size + line)
        images.tile(drawn, x, y, size, pictures[place], caption)
