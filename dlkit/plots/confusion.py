"""The confusion matrix: which class is taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlkit.plots import labels, style

NAMED = 40  # up to so many classes each row bears its name
COUNTED = 25  # up to so many classes each cell bears its count
FINEST = 300  # more classes than pixels: neighbours share a cell

_MAP_COLORS = ("#e06a1f", "#4285f0")  # between day and night: an image cannot follow the page


def confusion_matrix(
    matrix: np.ndarray, class_names: Sequence[str], only: Sequence[int] | None = None
) -> Figure:
    """Draws counts of true class (rows) against predicted class (columns).

    Colour is the share of a row: blue on the diagonal, where the model was right, and orange
    beside it, where mistakes are lifted (by a square root) so that one in fifty can be seen. Up
    to 25 classes each cell bears its count and up to 40 each row its name; beyond that the
    matrix is a map with numbered axes.

    Args:
        matrix: (classes, classes) counts, true class by row.
        class_names: the name of each class, in the same order.
        only: the rows and columns to draw, by default all; shares stay those of the whole row.

    Raises:
        ValueError: the matrix is not square, or there are not as many names as rows.

    Example:
        ```python
        plots.confusion_matrix(plots.count(labels, predictions, 10), list("0123456789"))
        ```
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a confusion matrix is square; this one has the shape {matrix.shape}")
    if len(class_names) != len(matrix):
        raise ValueError(f"{len(matrix)} classes but {len(class_names)} class names")
    keep = np.arange(len(matrix)) if only is None else np.asarray(only, dtype=int)
    with style.theme():
        if len(keep) > NAMED:
            return _map(matrix, keep)
        return _table(matrix, [labels.shorten(class_names[k], 22) for k in keep], keep)


def count(truth: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Counts (true, predicted) pairs.

    Args:
        truth: (examples,) true class numbers.
        predictions: (examples,) predicted class numbers.
        classes: how many classes there are.

    Returns:
        (classes, classes) int64, true class by row.
    """
    pairs = np.asarray(truth, dtype=np.int64) * classes + np.asarray(predictions, dtype=np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def confusions(matrix: np.ndarray, limit: int = 10) -> list[tuple[int, int, int]]:
    """Lists the commonest confusions as (true, predicted, count), the most frequent first."""
    wrong = np.array(matrix)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    pairs = (divmod(int(place), len(wrong)) for place in order)
    return [(true, said, int(wrong[true, said])) for true, said in pairs if wrong[true, said]]


def most_confused(matrix: np.ndarray, limit: int = 20) -> list[int]:
    """Returns at most `limit` classes, those in the commonest confusions, in their own order."""
    chosen: dict[int, None] = {}
    for true, said, _ in confusions(matrix, limit * limit):
        if len(chosen.keys() | {true, said}) <= limit:
            chosen.update({true: None, said: None})
    return sorted(chosen)


def draw(axes: Axes, matrix: np.ndarray, keep: np.ndarray, counts: float = 0) -> None:
    """Draws the cells of `matrix` for the classes `keep` into `axes`, without names.

    Args:
        axes: where to.
        matrix: (classes, classes) counts, true class by row.
        keep: the classes to show.
        counts: the size in pixels of the number in each cell; 0 for none.
    """
    tints = _tints(matrix)[np.ix_(keep, keep)]
    for row, column in np.argwhere(tints > 0):
        strength, right = float(tints[row, column]), row == column
        color = style.ACCENT if right else style.WARM
        axes.add_patch(
            Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, color=color, alpha=strength, lw=0)
        )
        if counts:
            ink = style.ON_ACCENT if strength > 0.75 else style.INK
            axes.text(column + 0.5, row + 0.52, f"{matrix[keep[row], keep[column]]:d}", color=ink,
                      ha="center", va="center", size=counts)  # fmt: skip
    axes.set(xlim=(0, len(keep)), ylim=(len(keep), 0), xticks=[], yticks=[])
    axes.hlines(range(len(keep) + 1), 0, len(keep), color=style.RULE, lw=1, zorder=0.5)
    axes.vlines(range(len(keep) + 1), 0, len(keep), color=style.RULE, lw=1, zorder=0.5)
    axes.spines[:].set_visible(False)


def _tints(matrix: np.ndarray) -> np.ndarray:
    """Returns how strongly each cell is coloured, in [0, 1], from its share of the row."""
    totals = matrix.sum(axis=1, keepdims=True)
    shares = matrix / np.maximum(totals, 1)
    right = np.where(shares > 0, 0.12 + 0.88 * shares, 0)
    wrong = np.where(shares > 0, 0.12 + 0.88 * np.sqrt(shares), 0)
    return np.where(np.eye(len(matrix), dtype=bool), right, wrong)


def _table(matrix: np.ndarray, names: list[str], keep: np.ndarray) -> Figure:
    """Draws the matrix of few classes, with names and, where they fit, counts."""
    cell = 64 if len(keep) <= 4 else 36 if len(keep) <= 12 else 28 if len(keep) <= COUNTED else 19
    longest = max((len(name) for name in names), default=1)
    beside = max(50, 16 + 7.2 * longest)
    slanted = longest > 4
    above = 44 + (5.2 * longest if slanted else 4)
    room = 5.2 * longest if slanted else 4  # the last slanted name leans over the right edge
    side = max(cell * len(keep), 90)
    drawn = style.figure(beside + side + room, above + side + 8, _describe(matrix, names, keep))
    axes = style.place(drawn, beside, above, side, side)
    digits = len(str(int(matrix[np.ix_(keep, keep)].max(initial=0))))
    size = min(11.5, (cell - 5) / max(digits, 1) / 0.6)
    draw(axes, matrix, keep, counts=size if len(keep) <= COUNTED else 0)
    for position, name in enumerate(names):
        at = position + 0.5
        axes.text(-6 / side * len(keep), at, labels.isolate(name), ha="right", va="center",
                  size=11.5)  # fmt: skip
        axes.text(at, -6 / side * len(keep), labels.isolate(name), size=11.5, va="bottom",
                  ha="left" if slanted else "center", rotation=45 if slanted else 0,
                  rotation_mode="anchor")  # fmt: skip
    style.write(drawn, beside, 4, "predicted →", color=style.MUTED, size=11)
    style.write(drawn, beside - 8, above - 19, "true ↓", color=style.MUTED, size=11, ha="right")
    return drawn


def _map(matrix: np.ndarray, keep: np.ndarray) -> Figure:
    """Draws the matrix of many classes as an image, its axes numbered."""
    tints = _tints(matrix)[np.ix_(keep, keep)]
    pixels = np.zeros((*tints.shape, 4))
    wrong, right = _MAP_COLORS
    pixels[..., :3] = colors.to_rgb(wrong)
    pixels[np.diag_indices(len(tints))] = (*colors.to_rgb(right), 1)
    pixels[..., 3] = np.where(tints > 0, 0.35 + 0.65 * tints, 0)  # a pixel needs more than a cell
    if len(keep) > FINEST:  # the strongest of each block, so that no lone mistake is lost
        pixels = _strongest(pixels, -(-len(keep) // FINEST))
    side = 560
    drawn = style.figure(side + 60, side + 50, _describe(matrix, [], keep))
    axes = style.place(drawn, 48, 40, side, side)
    axes.imshow(pixels, interpolation="none", extent=(0, len(keep), len(keep), 0))
    axes.grid(False)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(True)
    style.write(drawn, 48, 2, "predicted class, by number →", color=style.MUTED, size=11)
    style.write(drawn, 40, 22, "true ↓", color=style.MUTED, size=11, ha="right")
    return drawn


def _strongest(pixels: np.ndarray, block: int) -> np.ndarray:
    """Keeps of each `block` x `block` square of pixels the most opaque one."""
    short = -len(pixels) % block
    padded = np.pad(pixels, ((0, short), (0, short), (0, 0)))
    size = len(padded) // block
    squares = padded.reshape(size, block, size, block, 4).swapaxes(1, 2)
    squares = squares.reshape(size, size, block * block, 4)
    best = squares[..., 3].argmax(axis=-1)
    return np.take_along_axis(squares, best[..., None, None], axis=2)[:, :, 0]


def _describe(matrix: np.ndarray, names: Sequence[str], keep: np.ndarray) -> str:
    total, right = int(matrix.sum()), int(np.trace(matrix))
    among = f" ({', '.join(names)})" if 0 < len(names) <= 12 else ""
    return (
        f"Confusion matrix of {len(keep)} classes{among}: "
        f"{right} of {total} on the diagonal, {total - right} beside it."
    )
