"""A loss and metrics for one class of many that take labels in both forms there are.

Mixing and smoothing make training's labels `(batch, classes)` shares, while those of validation
stay `(batch,)` integers: nothing is mixed there. One compiled model has to take both, and tells
them by their shape.
"""

from typing import Any

import keras
from keras import ops

TOP5_FROM = 20  # of fewer classes, five guesses are too many to mean something


@keras.saving.register_keras_serializable(package="dlkit")
class CrossEntropy(keras.losses.Loss):
    """-Σₖ yₖ · log pₖ in nats; for an integer label y, -log p_y.

    Args:
        from_logits: whether the model gives logits in the place of probabilities.
        reduction: as of every loss of Keras.
        name: likewise.
        dtype: likewise.

    Example:
        >>> loss = CrossEntropy()
        >>> p = [[0.5, 0.25, 0.25]]
        >>> float(loss([0], p)), float(loss([[0.5, 0.5, 0.0]], p))
        (0.6931471824645996, 1.0397207736968994)
    """

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str = "sum_over_batch_size",
        name: str = "cross_entropy",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        """The loss of each sample, (batch,).

        Args:
            y_true: (batch,) or (batch, 1) integers, or (batch, classes) shares.
            y_pred: (batch, classes).
        """
        if _are_shares(y_true, y_pred):
            return keras.losses.categorical_crossentropy(
                y_true, y_pred, from_logits=self.from_logits
            )
        labels = ops.reshape(y_true, (-1,))
        return keras.losses.sparse_categorical_crossentropy(
            labels, y_pred, from_logits=self.from_logits
        )

    def get_config(self):
        """What makes the same loss anew."""
        return {**super().get_config(), "from_logits": self.from_logits}


@keras.saving.register_keras_serializable(package="dlkit")
def accuracy(y_true, y_pred):
    """Whether the likeliest class is the label; of a mixed one, its largest share. (batch,)."""
    return ops.cast(ops.equal(ops.argmax(y_pred, axis=-1), _labels(y_true, y_pred)), "float32")


@keras.saving.register_keras_serializable(package="dlkit")
def top5_accuracy(y_true, y_pred):
    """Whether the label is among the five likeliest classes. (batch,)."""
    return ops.cast(ops.in_top_k(_labels(y_true, y_pred), y_pred, k=5), "float32")


def metrics(classes: int) -> list[keras.metrics.Metric]:
    """`accuracy`, and of many classes `top5_accuracy`; new ones, since they count."""
    chosen = [accuracy] if classes < TOP5_FROM else [accuracy, top5_accuracy]
    return [keras.metrics.MeanMetricWrapper(each, name=each.__name__) for each in chosen]


def _labels(y_true, y_pred):
    """(batch,) int32 labels of either form."""
    if _are_shares(y_true, y_pred):
        return ops.argmax(y_true, axis=-1)
    return ops.cast(ops.reshape(y_true, (-1,)), "int32")


def _are_shares(y_true, y_pred) -> bool:
    shape = tuple(y_true.shape)
    return len(shape) == len(y_pred.shape) and shape[-1] == y_pred.shape[-1] != 1
