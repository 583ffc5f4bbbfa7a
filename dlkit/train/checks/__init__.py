"""Checks before a long training: what can be known in seconds about whether it is set up soundly.

The recipe of them is Karpathy's, "A recipe for training neural networks" (2019): look at the data,
verify the loss at the beginning, overfit one batch.

Example:
    ```python
    run = dlkit.Run("runs/exp1", recipe=dlkit.Recipe.load("lenet5"))
    for finding in checks.run(run):
        print(finding.verdict, finding.name, finding.text)
    ```
"""

from collections.abc import Iterator
from typing import Any

from dlkit.train.checks import data, disk, model, training
from dlkit.train.checks.finding import FAIL, OK, WARNING, Finding
from dlkit.train.checks.subject import Subject

__all__ = ["FAIL", "OK", "WARNING", "Finding", "each", "run"]

CHECKS = (  # what later ones build upon comes first
    data.shapes,
    data.pixels,
    data.labels,
    data.balance,
    model.outputs,
    model.first_loss,
    model.gradients,
    training.overfit,
    training.speed,
    disk.checkpoint,
)


def run(run: Any) -> list[Finding]:
    """Checks a run that is yet to begin; nothing is left in its folder.

    Args:
        run: a `dlkit.Run` with a recipe.

    Returns:
        One finding a check; what says nothing about this kind of problem is left out.
    """
    return list(each(run))


def each(run: Any, words: str = "") -> Iterator[Finding]:
    """The findings one by one, as soon as there are; after a broken input the rest is left out.

    Args:
        run: a `dlkit.Run` with a recipe.
        words: what says its recipe on a command line, for the commands that are offered.
    """
    subject = Subject(run, words)
    for check in CHECKS:
        finding = check(subject)
        subject.reset()
        if finding is None:
            continue
        yield finding
        if check is data.shapes and finding.verdict == FAIL:
            return
