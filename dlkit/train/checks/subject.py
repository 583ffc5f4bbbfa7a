"""What is checked: a run's data and its model before the first step."""

import functools
import pathlib
import shlex
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.train import checkpoint, construct, state, targets

ROWS = 32  # what the model is looked at with
LOOKED_AT = 2000  # rows whose labels are fetched where they are not known without


class Subject:
    """A run that is yet to begin.

    Args:
        run: a `dlkit.Run`.
        words: what says its recipe on a command line, quoted; by default its model and dataset.

    Attributes:
        model: compiled; the checks train it, and each finds it as it was made.
    """

    def __init__(self, run: Any, words: str = ""):
        self.run = run
        self.recipe, self.source = run.recipe, run.source
        self.words = words or shlex.join([self.recipe.model, "--dataset", self.recipe.dataset])
        steps = run.stream.steps_per_epoch
        self.model = construct.compiled(self.recipe, run.task, self.source, steps)
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self.keep()

    def keep(self) -> None:
        """Takes the model's state for the one that checks begin from."""
        self._made = checkpoint.Saved(pathlib.Path("before"), arrays=state.capture(self.model))

    def reset(self) -> None:
        """Puts weights, optimizer and seeds back to that."""
        state.restore(self.model, self._made)

    @functools.cached_property
    def batch(self) -> tuple[Any, Any, Any]:
        """Images, labels and sample weights (or None) of the first batch that is trained on."""
        return keras.utils.unpack_x_y_sample_weight(next(iter(self.run.stream.dataset())))

    @functools.cached_property
    def plain_batch(self) -> tuple[Any, Any]:
        """Images and labels of some rows, drawn at random and not augmented."""
        rows = self.source.rows("train")
        size = min(self.recipe.batch_size, len(rows), ROWS)
        drawn = np.random.default_rng(0).choice(rows, size, replace=False)
        return self.source.fetch(tf.constant(drawn, tf.int64))

    @property
    def classes(self) -> int:
        """The number of classes; 0 where the labels are no class numbers."""
        return len(self.source.class_names) if targets.is_class_label(self.source) else 0

    @property
    def is_sampled(self) -> bool:
        """Whether `train_labels` are of some training rows only."""
        return self.source.labels is None and len(self.source.rows("train")) > LOOKED_AT

    @functools.cached_property
    def train_labels(self) -> np.ndarray:
        """(n,) labels of the training rows; of the first 2,000 at random where they are costly."""
        rows = self.source.rows("train")
        if self.source.labels is not None:
            return np.asarray(self.source.labels)[rows]
        drawn = np.random.default_rng(0).permutation(rows)[:LOOKED_AT]
        pieces = [drawn[i : i + 256] for i in range(0, len(drawn), 256)]
        found = [self.source.fetch(tf.constant(piece, tf.int64))[1] for piece in pieces]
        return np.concatenate([np.asarray(labels) for labels in found])

    def loss(self, images: Any, labels: Any, weights: Any = None) -> tuple[Any, Any]:
        """Outputs and loss of a batch in training mode."""
        outputs = self.model(images, training=True)
        return outputs, self.model.compute_loss(images, labels, outputs, weights, training=True)
