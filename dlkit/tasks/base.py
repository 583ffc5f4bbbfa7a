"""The protocol between the harness and a kind of problem.

The harness trains, saves, logs and reports without knowing what is learned; a task knows nothing
of folders, epochs or checkpoints. A plugin adds a kind of problem by a `[[task]]` in its manifest
whose builder returns an object with these members.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """A model judged on one split.

    Attributes:
        split: the split's name.
        size: rows in it.
        metrics: figures by name, such as `{"accuracy": 0.98, "loss": 0.07}`.
        baseline: what a simple method reaches on the same rows, `{"name": …, "accuracy": …}`.
        class_names: the names of the labels, where there are classes.
        arrays: what the pictures need, by name; kept beside the figures.
    """

    split: str
    size: int
    metrics: Mapping[str, float]
    baseline: Mapping[str, Any] | None = None
    class_names: tuple[str, ...] = ()
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


class Task(Protocol):
    """A kind of problem.

    Attributes:
        name: its registered name.
        monitor: the logged value that tells good models from bad, e.g. `val_accuracy`.
        mode: `max` or `min`: which way the monitored value is better.
        default_dataset: what a model without a recipe of its own is trained on.
    """

    name: str
    monitor: str
    mode: str
    default_dataset: str

    def model_options(self, source: Any) -> dict[str, Any]:
        """The builder's options that follow from the data: `num_classes`, `input_shape`."""

    def attach(self, model: Any, source: Any) -> None:
        """Gives the model what travels with it, such as its class names."""

    def stream_options(self, source: Any, recipe: Any) -> dict[str, Any]:
        """Options of the training stream that follow from the recipe, such as `class_weight`."""

    def compile_options(self, model: Any) -> dict[str, Any]:
        """`loss` and `metrics` for `model.compile`."""

    def evaluate(
        self, model: Any, source: Any, split: str, batch_size: int, verbose: int = 0
    ) -> Evaluation:
        """Judges the model on a split, beside a baseline."""

    def sections(self, evaluation: Evaluation) -> list[Any]:
        """The pictures and tables of an evaluation, `dlkit.plots` sections for the report."""

    def predict(self, model: Any, files: Sequence[str | os.PathLike]) -> list[dict[str, Any]]:
        """What the model says of each file; plain values, fit for JSON."""
