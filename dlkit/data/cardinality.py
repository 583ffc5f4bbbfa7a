"""Datasets that know how many batches they have."""

import tensorflow as tf

from dlkit.data.errors import DataError


def counted(dataset: tf.data.Dataset, batches: int | None = None) -> tf.data.Dataset:
    """A finite dataset whose cardinality is known.

    Keras 3.15 runs one step too many on a dataset of unknown cardinality (one from a generator, or
    behind `filter` or `flat_map`): the step is broken off, but the optimizer and the seeds advance,
    and the reported loss shrinks by n / (n + 1), for n batches.

    Args:
        dataset: batches for `fit` or `evaluate`.
        batches: how many there are; None counts them in one pass over the data.

    Returns:
        The same batches.

    Raises:
        DataError: the dataset has no end.

    Example:
        >>> model.evaluate(counted(dataset.filter(is_large)))
    """
    known = int(dataset.cardinality())
    if known == tf.data.INFINITE_CARDINALITY:
        raise DataError(
            "a dataset without an end cannot be counted.",
            "Say how much of it an epoch is: counted(dataset.take(100))",
        )
    if known != tf.data.UNKNOWN_CARDINALITY:
        return dataset
    if batches is None:
        batches = int(dataset.reduce(tf.constant(0, tf.int64), lambda n, *_: n + 1))
    return dataset.apply(tf.data.experimental.assert_cardinality(batches))
