"""What an evaluated classifier has to show: confusions, surest mistakes, class by class."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlkit.plots import confusion, images, labels

EVERY_CLASS = 30  # up to so many classes the table has a row for each
HARDEST = 15  # of more classes, so many
SHOWN = 24  # mistakes


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        id: the anchor in the page, such as `confusion`.
        title: its heading.
        text: a few plain sentences.
        figure: a Figure, or several that the page sets in columns.
        table: rows of text, headings first.
        alt: what the figure shows, in words.
    """

    id: str
    title: str
    text: str = ""
    figure: Figure | Sequence[Figure] | None = None
    table: list[list[str]] | None = None
    alt: str = ""


def sections(
    truth: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    mistake_images: Sequence[np.ndarray] | None = None,
    mistake_rows: np.ndarray | None = None,
) -> list[Section]:
    """Returns the sections of a classifier's report, from its answers alone.

    Args:
        truth: (n,) true class numbers.
        probabilities: (n, classes) what the model answered.
        class_names: the name of each class.
        mistake_images: (m, height, width, channels) images that it got wrong.
        mistake_rows: (m,) which of the n examples those are.

    Raises:
        ValueError: a shape or a class number does not fit the others.
    """
    truth, probabilities = np.asarray(truth), np.asarray(probabilities)
    _check(truth, probabilities, class_names)
    predictions = probabilities.argmax(axis=1)
    matrix = confusion.count(truth, predictions, len(class_names))
    made = [_confusion(matrix, class_names)]
    if mistake_images is not None and mistake_rows is not None:
        made.append(_mistakes(truth, probabilities, class_names, mistake_images, mistake_rows))
    made.append(_classes(matrix, class_names))
    return made


def confusions_in_words(
    matrix: np.ndarray, class_names: Sequence[str], limit: int = 3
) -> list[str]:
    """Says the commonest confusions: `8 was taken for 1 three times (7.0% of its 43)`."""
    totals = np.asarray(matrix).sum(axis=1)
    return [
        f"{_name(class_names, true)} was taken for {_name(class_names, said)} {_times(count)} "
        f"({labels.percent(count / totals[true])} of its {totals[true]})"
        for true, said, count in confusion.confusions(matrix, limit)
    ]


def per_class(matrix: np.ndarray, class_names: Sequence[str]) -> list[list[str]]:
    """Returns a table of precision, recall and examples, headings first.

    Up to 30 classes it has them all in their order; of more, the 15 with the lowest recall.
    A class that was never predicted has no precision, one without examples no recall.
    """
    matrix = np.asarray(matrix)
    right, said, n = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    order = np.arange(len(matrix))
    if len(matrix) > EVERY_CLASS:
        seen = order[n > 0]
        order = seen[np.argsort(right[seen] / n[seen], kind="stable")][:HARDEST]
    rows = [["class", "precision", "recall", "examples"]]
    for k in order:
        precision = labels.percent(right[k] / said[k]) if said[k] else "–"
        recall = labels.percent(right[k] / n[k]) if n[k] else "–"
        rows.append([labels.clean(class_names[k]), precision, recall, f"{n[k]:,}"])
    return rows


def _confusion(matrix: np.ndarray, class_names: Sequence[str]) -> Section:
    total, right = int(matrix.sum()), int(np.trace(matrix))
    words = confusions_in_words(matrix, class_names, 1)
    text = f"{right:,} of {total:,} answers were right."
    text += f" Most often, {words[0]}." if words else " Nothing was confused."
    text += " Rows are the truth, columns the answer; the colour is the share of the row."
    figure = confusion.confusion_matrix(matrix, class_names)
    if len(class_names) > confusion.NAMED and words:
        most = confusion.most_confused(matrix)
        figure = [figure, confusion.confusion_matrix(matrix, class_names, most)]
        text += f" The second picture shows the {len(most)} classes most confused."
    table = [["truth → answer", "times", "share of the class"]]
    for true, said, count in confusion.confusions(matrix, 8):
        share = labels.percent(count / matrix[true].sum())
        pair = f"{_name(class_names, true)} → {_name(class_names, said)}"
        table.append([pair, f"{count:,}", share])
    return Section("confusion", "Confusion matrix", text, figure, table if words else None)


def _mistakes(truth, probabilities, class_names, pictures, rows) -> Section:
    rows = np.asarray(rows, dtype=int)
    answers = probabilities[rows]
    predictions = answers.argmax(axis=1)
    sure = answers[np.arange(len(rows)), predictions]
    top = np.argsort(-sure, kind="stable")[:SHOWN]
    if not len(top):
        return Section("mistakes", "Surest mistakes", "Not one answer was wrong.")
    figures = images.mistake_tiles(
        [pictures[k] for k in top], truth[rows][top], predictions[top], sure[top], class_names
    )
    wrong = int((probabilities.argmax(axis=1) != truth).sum())
    which = "All" if len(top) == wrong else f"{len(top)} of"
    text = (
        f"{which} {wrong:,} wrong {'answer' if wrong == 1 else 'answers'}, the surest first: "
        "truth → answer, and the probability the model gave it. Look here for wrong labels too."
    )
    return Section("mistakes", "Surest mistakes", text, figures)


def _classes(matrix: np.ndarray, class_names: Sequence[str]) -> Section:
    text = (
        "Precision: of the answers that named the class, the share that was right. "
        "Recall: of the class, the share that was found."
    )
    if len(class_names) > EVERY_CLASS:
        text += f" The hardest {HARDEST} of {len(class_names)} classes, by recall."
    return Section("classes", "Class by class", text, table=per_class(matrix, class_names))


def _check(truth: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]) -> None:
    expected = (len(truth), len(class_names))
    if probabilities.shape != expected:
        raise ValueError(f"probabilities have the shape {probabilities.shape}, not {expected}")
    if len(truth) and not 0 <= truth.min() <= truth.max() < len(class_names):
        raise ValueError(f"labels run to {truth.max()} with {len(class_names)} classes")


def _name(class_names: Sequence[str], k: int) -> str:
    return labels.isolate(labels.shorten(class_names[k], 40))


def _times(count: int) -> str:
    return {1: "once", 2: "twice", 3: "three times"}.get(count, f"{count:,} times")
