"""A source's rows as a finite `tf.data.Dataset` that begins at any step at once.

Every random choice is a function of the seed and a position, and of nothing that came before:

* the order of epoch e is the permutation drawn from (seed, e);
* the i-th sample of epoch e has the global position p = e · n + i, and its augmentation is drawn
  from (seed, p);
* mixup and cutmix of a batch are drawn from (seed, position of its first sample).

So a run that is stopped at step s and goes on by `dataset(start_step=s)` sees the very batches
that it would have seen, and how samples are cut into batches changes none of them but by mixing.
"""

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data import augment as augmentations
from dlkit.data import splitmix
from dlkit.data.errors import DataError
from dlkit.data.source import Source
from dlkit.train.targets import Targets, is_class_label


class Stream:
    """The batches of one split, in an order that (seed, epoch) decides.

    Args:
        source: where the rows come from.
        split: "train", "val" or "test".
        batch_size: samples a batch; the last batch of an epoch holds what is left.
        seed: decides order and augmentation, 0 … 2⁶³ - 1.
        shuffle: False takes the rows as the split lists them, each epoch alike.
        augment: a name that `dlkit.data.augment.find` knows, or such a function.
        mixup, cutmix, label_smoothing: see `dlkit.train.targets`; other than 0 they turn labels
            into (batch, classes) float32.
        class_weight: {label: weight}; adds a third element, sample weights float32. Labels that
            are not named weigh 1.
        limit_batches: only the first so many batches of each epoch.
        replicas: into how many parts `dataset(parts=…)` cuts each batch. No replica can train on
            nothing, so a last batch of fewer rows is joined to the one before.

    Raises:
        DataError: an argument cannot be right.

    Example:
        >>> stream = Stream(digits(), "train", batch_size=64, seed=1, augment="shift")
        >>> model.fit(stream.dataset(epochs=5), epochs=5, steps_per_epoch=stream.steps_per_epoch)
    """

    def __init__(
        self,
        source: Source,
        split: str,
        *,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        augment: str | augmentations.Augmentation = "none",
        mixup: float = 0.0,
        cutmix: float = 0.0,
        label_smoothing: float = 0.0,
        class_weight: Mapping[int, float] | None = None,
        limit_batches: int | None = None,
        replicas: int = 1,
    ):
        self.source = source
        self.split = split
        self.rows = source.rows(split)
        self.shuffle = shuffle
        self.batch_size = _positive("batch_size", batch_size, "--batch-size 32")
        self.seed = _seed(seed)
        self.augment = augmentations.find(augment)
        self.targets = Targets(source, self.seed, mixup, cutmix, label_smoothing, class_weight)
        self.replicas = _positive("replicas", replicas, "--devices 2")
        self._check_size()
        steps = math.ceil(len(self.rows) / self.batch_size)
        steps -= steps > 1 and len(self.rows) - (steps - 1) * self.batch_size < self.replicas
        self._whole_epoch = steps
        if limit_batches is not None:
            steps = min(steps, _positive("limit_batches", limit_batches, "--limit-batches 10"))
        self.steps_per_epoch = steps

    def dataset(
        self, start_step: int = 0, epochs: int = 1, parts: range | None = None
    ) -> tf.data.Dataset:
        """The batches of steps start_step … epochs · steps_per_epoch - 1.

        Args:
            start_step: how many steps of the run are done; counts from its first epoch.
            epochs: epochs of the whole run, the finished ones included.
            parts: of each batch, only these of its `replicas` parts, one after another. They are
                neighbours in the batch, and as large as each other but for one row.

        Returns:
            A dataset of (images, labels), or (images, labels, sample_weight); its cardinality is
            known.

        Raises:
            DataError: start_step lies outside the run.
        """
        steps = self.steps_per_epoch
        total = _positive("epochs", epochs, "--epochs 1") * steps
        if isinstance(start_step, bool) or not isinstance(start_step, numbers.Integral):
            raise DataError(f"start_step is a whole number, not {start_step!r}.")
        if not 0 <= start_step <= total:
            raise DataError(
                f"start_step is {start_step}; {epochs} epochs of {steps} steps have steps 0 … "
                f"{total}."
            )
        first_epoch, first_step = divmod(int(start_step), steps)
        count = 1 if parts is None else len(parts)

        def batch(e: tf.Tensor, step: tf.Tensor, i: tf.Tensor, found: tf.Tensor) -> tuple[Any, ...]:
            begin = step * self.batch_size
            if parts is None:
                return self._batch(e, begin, found)
            return self._part(e, begin, found, parts.start + i)

        with tf.device("CPU:0"):  # the rows are shuffled and sliced there
            rows = tf.constant(self.rows, tf.int64)

        def epoch(e: tf.Tensor) -> tf.data.Dataset:
            order = self._order(rows, e)
            begin = tf.where(e == first_epoch, tf.constant(first_step, tf.int64), 0)
            return tf.data.Dataset.range(begin * count, steps * count).map(
                lambda i: (e, i // count, i % count, self._slice(order, i // count))
            )

        batches = tf.data.Dataset.range(first_epoch, epochs).flat_map(epoch)
        batches = batches.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        length = (total - int(start_step)) * count
        batches = batches.apply(tf.data.experimental.assert_cardinality(length))
        return batches.prefetch(tf.data.AUTOTUNE)

    def rows_of(self, step: int) -> np.ndarray | None:
        """The source's rows in the batch of a step of the run, (batch,) int64, in its order.

        None where samples are mixed, so that none is of one row.
        """
        if self.targets.mixes:
            return None
        e, step = divmod(step, self.steps_per_epoch)
        order = self._order(tf.constant(self.rows, tf.int64), tf.constant(e, tf.int64))
        return self._slice(order, tf.constant(step, tf.int64)).numpy()

    @property
    def element_spec(self) -> Any:
        """The `tf.TensorSpec`s of a batch: images, labels and, if asked for, sample weights."""
        return self.dataset().element_spec

    def _order(self, rows: tf.Tensor, e: tf.Tensor) -> tf.Tensor:
        if not self.shuffle:
            return rows
        return tf.random.experimental.stateless_shuffle(
            rows, seed=tf.stack([tf.constant(self.seed, tf.int64), e]), alg="philox"
        )

    def _slice(self, order: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        is_last = step + 1 == self._whole_epoch
        end = tf.where(is_last, tf.size(order, tf.int64), (step + 1) * self.batch_size)
        return order[step * self.batch_size : end]

    def _part(
        self, e: tf.Tensor, begin: tf.Tensor, rows: tf.Tensor, part: tf.Tensor
    ) -> tuple[Any, ...]:
        """One of the parts of a batch. To mix samples of the whole batch, all of it is fetched."""
        first, end = (tf.size(rows, tf.int64) * k // self.replicas for k in (part, part + 1))
        if not self.targets.mixes:
            return self._batch(e, begin + first, rows[first:end])
        whole = self._batch(e, begin, rows)
        return tf.nest.map_structure(lambda values: values[first:end], whole)

    def _batch(self, e: tf.Tensor, begin: tf.Tensor, rows: tf.Tensor) -> tuple[Any, ...]:
        """Fetches and augments one batch: images, labels and, if asked for, sample weights."""
        images, labels = self.source.fetch(rows)
        with tf.control_dependencies(self._label_checks(labels)):
            images = tf.nest.map_structure(tf.identity, images)
        first = e * len(self.rows) + begin
        if self.augment is not augmentations.none:
            positions = first + tf.range(tf.size(rows, tf.int64))
            images = self.augment(images, splitmix.rows(self.seed, positions))
        return self.targets(images, labels, first)

    def _label_checks(self, labels: Any) -> list[tf.Operation]:
        """Checks class labels that are first seen here; known ones were checked by the source."""
        if self.source.labels is not None or not is_class_label(self.source):
            return []
        names = len(self.source.class_names)
        fits = tf.reduce_all((labels >= 0) & (labels < names))
        problem = f"{self.source.name}: labels out of range 0 … {names - 1}:"
        return [tf.debugging.Assert(fits, [problem, labels])]

    def _check_size(self) -> None:
        n = len(self.rows)
        if n == 0:
            raise DataError(
                f"{self.source.name}: split {self.split!r} has no rows.",
                "Give it some, or train without it.",
            )
        if self.replicas > min(n, self.batch_size):
            raise DataError(
                f"{self.replicas} replicas share a batch of {min(n, self.batch_size)} rows.",
                "Choose a larger batch, or fewer devices: --devices 1",
            )
        if self.shuffle and self.batch_size > n:
            raise DataError(
                f"batch_size is {self.batch_size}, but {self.source.name} has only {n} rows in "
                f"{self.split!r}{self._elsewhere()}.",
                f"Choose a smaller one: --batch-size {max(1, 2 ** int(math.log2(n) - 1))}",
            )

    def _elsewhere(self) -> str:
        """Where the source's other rows went: `, of 20: 2 are 'val', 4 are 'test'`."""
        others = {name: len(rows) for name, rows in self.source.splits.items()}
        others.pop(self.split)
        told = ", ".join(f"{n} are {name!r}" for name, n in others.items())
        return f", of {len(self.rows) + sum(others.values())}: {told}" if others else ""


def _positive(name: str, value: int, example: str) -> int:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < 1:
        raise DataError(
            f"{name} is a whole number of at least 1, not {value!r}.", f"Give one: {example}"
        )
    return int(value)


def _seed(value: int) -> int:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or not 0 <= value < 2**63:
        raise DataError(f"seed is a whole number in 0 … 2⁶³ - 1, not {value!r}.", "Use: --seed 0")
    return int(value)
