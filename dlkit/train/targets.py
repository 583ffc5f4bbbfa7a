"""What a classifier's loss is given: labels as they are, or as shares of the classes; weights."""

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data.errors import DataError
from dlkit.data.source import Source
from dlkit.train import mixing


class Targets:
    """Makes a batch's images and labels into what `fit` takes.

    Without mixing and smoothing the labels stay `(batch,)` integers. With either they become
    `(batch, classes)` float32, the share of each class. `dlkit.tasks.categorical` has a loss and
    metrics that take both.

    Where there are class weights too, a mixed sample weighs what its classes do, each by its share;
    smoothing does not change the weights.

    Args:
        source: where the labels come from.
        seed: the stream's.
        mixup: α of mixup, see `dlkit.train.mixing`; 0 leaves it out.
        cutmix: α of cutmix.
        label_smoothing: ε in y ← (1 - ε)·y + ε / classes (Szegedy et al., "Rethinking the
            Inception architecture", CVPR 2016, section 7).
        class_weight: {label: weight}; labels that are not named weigh 1.

    Raises:
        DataError: an argument cannot be right, or the source has no class labels or no images.
    """

    def __init__(
        self,
        source: Source,
        seed: int,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        label_smoothing: float = 0.0,
        class_weight: Mapping[int, float] | None = None,
    ):
        self.seed = seed
        self.classes = len(source.class_names)
        self.mixup = _number("mixup", mixup)
        self.cutmix = _number("cutmix", cutmix)
        self.smoothing = _number("label_smoothing", label_smoothing, below=1.0)
        self.weights = _weight_table(class_weight, source)
        for name, value in (
            ("mixup", mixup),
            ("cutmix", cutmix),
            ("label_smoothing", self.smoothing),
        ):
            if value and not is_class_label(source):
                raise DataError(f"{name} needs class labels, which {source.name} has not.")
        if self.mixes and not _is_image(source):
            raise DataError(f"mixup and cutmix need images, which {source.name} has not.")

    @property
    def mixes(self) -> bool:
        """Whether samples of a batch are mixed with each other."""
        return bool(self.mixup or self.cutmix)

    def __call__(self, images: Any, labels: Any, position: tf.Tensor) -> tuple[Any, ...]:
        """Images, targets and, with class weights, a float32 weight for each sample.

        Args:
            images: (batch, height, width, channels).
            labels: (batch,) integers, or what the source has.
            position: of the batch's first sample among all samples of the run.
        """
        if not (self.mixes or self.smoothing):
            weights = () if self.weights is None else (tf.gather(self.weights, labels),)
            return images, labels, *weights
        targets = tf.one_hot(labels, self.classes, dtype=tf.float32)
        if self.mixes:
            keys = mixing.keys(self.seed, position)
            images, targets = mixing.mix(images, targets, keys, self.mixup, self.cutmix)
        weights = () if self.weights is None else (tf.linalg.matvec(targets, self.weights),)
        targets = (1 - self.smoothing) * targets + self.smoothing / self.classes
        return images, targets, *weights


def is_class_label(source: Source) -> bool:
    """Whether a source has one integer label for each row."""
    spec = source.element_spec[1]
    return isinstance(spec, tf.TensorSpec) and spec.dtype.is_integer and spec.shape.rank == 1


def _is_image(source: Source) -> bool:
    spec = source.element_spec[0]
    numeric = isinstance(spec, tf.TensorSpec) and (spec.dtype.is_integer or spec.dtype.is_floating)
    return numeric and spec.shape.rank == 4


def _number(name: str, value: float, below: float = math.inf) -> float:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not 0 <= value < below:
        upper = f" and below {below:g}" if below < math.inf else ""
        raise DataError(
            f"{name} is a number of at least 0{upper}, not {value!r}.", f"Leave it out: {name}=0"
        )
    return float(value)


def _weight_table(class_weight: Mapping[int, float] | None, source: Source) -> np.ndarray | None:
    """The weight of each label, (num_classes,) float32."""
    if class_weight is None:
        return None
    if not is_class_label(source):
        raise DataError(f"class_weight needs class labels, which {source.name} has not.")
    table = np.ones(len(source.class_names), np.float32)
    for label, weight in class_weight.items():
        if not isinstance(label, numbers.Integral) or not 0 <= label < len(table):
            raise DataError(
                f"class_weight names label {label!r}; {source.name} has 0 … {len(table) - 1}.",
                f"Its classes are: {', '.join(source.class_names)}",
            )
        if not (isinstance(weight, numbers.Real) and math.isfinite(weight) and weight >= 0):
            raise DataError(f"class_weight of label {label} is {weight!r}; give a number ≥ 0.")
        table[label] = weight
    return table
