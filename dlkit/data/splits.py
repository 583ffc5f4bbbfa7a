"""Splits: which rows train, which steer the training, which are kept for the last word.

The policy, in full: the splits are fixed before training and do not depend on the run's seed;
each class is spread over the splits in the same proportion (largest remainders, so the sizes are
met to the row); within a class the rows are taken in the order of a hash of their key and of
`seed`. For files the key is the path inside the folder, so that adding files moves few others.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from dlkit.data.errors import DataError


def stratified(
    labels: np.ndarray,
    sizes: Mapping[str, int],
    *,
    seed: int = 0,
    keys: Sequence[str] | None = None,
    rest: str = "train",
    name: str = "the data",
) -> dict[str, np.ndarray]:
    """Sets aside splits of given sizes, each with the classes in the proportion of the whole.

    Every class that has rows keeps at least one of them in `rest`, so no class is left unlearnt.

    Args:
        labels: (n,) integer class of each row.
        sizes: rows of each split to set aside, as {"val": 270, "test": 450}.
        seed: chooses among the splits of this policy.
        keys: a name for each row that outlives its number; None takes the number.
        rest: the split that keeps all other rows.
        name: what the rows are of, for the message.

    Returns:
        The rows of each split, ascending, int64: `rest` first, then as in `sizes`.

    Raises:
        DataError: the sizes ask for more rows than there are.

    Example:
        >>> parts = stratified(np.repeat([0, 1], 50), {"val": 10, "test": 20})
        >>> {name: len(rows) for name, rows in parts.items()}
        {'train': 70, 'val': 10, 'test': 20}
    """
    labels = np.asarray(labels)
    classes, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    available = counts - 1  # one row of each class stays in `rest`
    if sum(sizes.values()) > available.sum():
        raise DataError(
            f"{name}: {len(labels)} rows in {len(classes)} classes cannot set aside "
            f"{' and '.join(f'{size} for {name}' for name, size in sizes.items())} "
            f"and leave a row of each class for {rest}.",
            "Ask for smaller splits, or add data.",
        )
    order = np.lexsort((_hashes(seed, keys, len(labels)), inverse))
    of_class = np.split(order, np.cumsum(counts)[:-1])
    taken = np.zeros(len(classes), int)
    parts: dict[str, np.ndarray] = {}
    for name, size in sizes.items():
        quota = _quotas(counts, size, available - taken)
        parts[name] = np.concatenate(
            [rows[begin : begin + n] for rows, begin, n in zip(of_class, taken, quota, strict=True)]
        )
        taken += quota
    kept = [rows[begin:] for rows, begin in zip(of_class, taken, strict=True)]
    parts = {rest: np.concatenate(kept), **parts}
    return {name: np.sort(rows).astype(np.int64) for name, rows in parts.items()}


def class_weights(labels: np.ndarray, num_classes: int) -> dict[int, float]:
    """Weights that let each class count alike: n / (k · count), for n rows in k classes.

    The mean weight over the rows is 1, so the loss keeps its scale. This is scikit-learn's
    "balanced".

    Args:
        labels: (n,) integer class of each row of the training split.
        num_classes: k.

    Raises:
        DataError: a class has no rows, or a label lies outside 0 … k - 1.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2)
        {0: 0.6666666666666666, 1: 2.0}
    """
    labels = np.asarray(labels)
    if len(labels) and not (labels.min() >= 0 and labels.max() < num_classes):
        raise DataError(
            f"labels lie in {labels.min()} … {labels.max()}; {num_classes} classes are numbered "
            f"0 … {num_classes - 1}.",
            "Correct the labels, or num_classes.",
        )
    counts = np.bincount(labels, minlength=num_classes)
    if not counts.all():
        missing = ", ".join(str(label) for label in np.flatnonzero(counts == 0))
        raise DataError(
            f"no rows of class {missing}: a balanced weight would be infinite.",
            "Add rows of it, or give class weights by hand.",
        )
    return {label: len(labels) / (num_classes * int(n)) for label, n in enumerate(counts)}


def _quotas(counts: np.ndarray, size: int, available: np.ndarray) -> np.ndarray:
    """Shares `size` rows out in proportion to `counts`, by largest remainders.

    A class whose rows run out gives its part to the classes that have most left.
    """
    exact = counts * (size / counts.sum())
    quota = np.minimum(exact.astype(int), available)
    while (missing := size - quota.sum()) > 0:
        room = available - quota
        wanted = np.where(room > 0, exact - quota, -np.inf)
        nearest = np.argsort(-wanted, kind="stable")[:missing]
        quota[nearest[room[nearest] > 0]] += 1
    return quota


def _hashes(seed: int, keys: Sequence[str] | None, n: int) -> np.ndarray:
    names = range(n) if keys is None else keys
    digests = (hashlib.sha256(f"{seed}/{name}".encode(errors="surrogateescape")) for name in names)
    return np.array([int.from_bytes(each.digest()[:8], "big") for each in digests], np.uint64)
