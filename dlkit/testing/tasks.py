"""What the kit asks of a model, by its task: one row a task.

A row names the checks, and says how to make data that the task's models take. A task without a row
gets the checks that need no data.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from dlkit.registry import spec
from dlkit.testing.checks import inference, saving, structure, training
from dlkit.testing.subject import SEED, Bench, Data, Loss, Subject

ModelCheck = Callable[[Subject], None]

DATALESS: tuple[ModelCheck, ...] = (
    structure.params_match,
    structure.layer_names,
    structure.builds_twice,
    structure.seeded,
)


@dataclasses.dataclass(frozen=True)
class Row:
    """A task as the kit knows it.

    Attributes:
        checks: in the order they run; the cheap and telling ones first.
        inputs: `(entry, rows) -> array`, a batch.
        labels: `(entry, rows) -> array`, the answers to it.
        loss: `(labels, outputs) -> scalar tensor`.
    """

    checks: tuple[ModelCheck, ...]
    inputs: Data | None = None
    labels: Data | None = None
    loss: Loss | None = None

    def subject(self, entry: spec.ModelSpec, bench: Bench, **config: Any) -> Subject:
        """A model of this task, with its data."""
        return Subject(entry, bench, self.inputs, self.labels, self.loss, config)


def images(entry: spec.ModelSpec, rows: int) -> np.ndarray:
    """Images of noise, uint8 `(rows, height, width, channels)`, each of a brightness of its own."""
    random = np.random.default_rng(SEED)
    noise = random.integers(0, 256, (rows, *entry.input_shape))
    share = np.linspace(0.4, 1.0, rows).reshape(rows, 1, 1, 1)
    return (noise * share).astype("uint8")


def class_labels(entry: spec.ModelSpec, rows: int) -> np.ndarray:
    """Class numbers, int32 `(rows,)`, as different as they can be."""
    return (np.arange(rows) % entry.num_classes).astype("int32")


def cross_entropy(labels: np.ndarray, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """-log p of the right class, the mean over the batch."""
    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities))


TASKS: dict[str, Row] = {
    "image-classification": Row(
        checks=(
            structure.params_match,
            structure.shapes,
            structure.levels,
            structure.layer_names,
            structure.builds_twice,
            structure.seeded,
            inference.probabilities,
            inference.deterministic,
            inference.dynamic_batch,
            inference.preprocessing,
            inference.mixed_precision,
            training.gradients,
            training.one_fit_step,
            saving.save_load_fresh_process,
        ),
        inputs=images,
        labels=class_labels,
        loss=cross_entropy,
    ),
}


def row(task: str) -> Row:
    """The task's row, or the one for tasks that the kit does not know."""
    return TASKS.get(task, Row(checks=DATALESS))
