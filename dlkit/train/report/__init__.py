"""The report of a run: one self-contained HTML file, made from the run folder alone.

Example:
    ```python
    from dlkit.train import report

    page = report.write("runs/lenet5-digits-01")
    ```
"""

import os
import pathlib
from collections.abc import Sequence

from matplotlib.figure import Figure

from dlkit import plots
from dlkit.plots import labels
from dlkit.train import atomic
from dlkit.train.report import collect, phrases, render
from dlkit.train.report.files import ReportError

__all__ = ["ReportError", "summary", "write"]


def write(folder: str | os.PathLike, sections: Sequence[plots.Section] = ()) -> pathlib.Path:
    """Reads a run folder and writes `report.html` into it, whole or not at all.

    The page needs no network, runs no script, and is the same to the byte for the same folder.

    Args:
        folder: a run folder, with `config.yaml`, `env.json` and `log.csv`; `state.json`,
            `evaluation.json` and `evaluation.npz` are used when they are there.
        sections: what the task shows, placed after the curves; anything with the attributes of
            `plots.Section`. Without any, a classifier's answers in `evaluation.npz` are shown.

    Returns:
        The path of the page.

    Raises:
        ReportError: the folder is no run folder, or a file in it cannot be read; the message
            names the file and line, and an earlier report stays as it was.
        OSError: the page cannot be written.
    """
    run = collect.read(folder)
    shown = list(sections) or collect.answers(run)
    return atomic.write_text(pathlib.Path(folder) / "report.html", render.page(run, shown))


def summary(folder: str | os.PathLike) -> Figure:
    """Draws an evaluated classifier's run folder as one wide picture, `plots.run_summary`.

    Raises:
        ReportError: the folder cannot be read, or holds no evaluation.
    """
    run = collect.read(folder)
    needed = ("labels", "probabilities", "mistake_images", "mistake_rows")
    if any(name not in run.arrays for name in needed):
        raise ReportError(
            f"the picture of {folder} needs {', '.join(needed)} in {run.folder}/evaluation.npz",
            f"Make it: {run.command('eval')}",
        )
    truth, probabilities, pictures, rows = (run.arrays[name] for name in needed)
    predictions = probabilities.argmax(axis=1)
    names = run.class_names
    title = phrases.title(run)
    return plots.run_summary(
        run.history,
        plots.count(truth, predictions, len(names)),
        names,
        (pictures, truth[rows], predictions[rows], probabilities[rows, predictions[rows]]),
        title=labels.clean(title),
        note=phrases.result(run),
        best_epoch=phrases.best_epoch(run),
    )
