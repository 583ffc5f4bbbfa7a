"""What a run's files know of its model's limits, in sentences."""

import math

import numpy as np

from dlkit.train import evaluations
from dlkit.train.history import Record

_WEAK = 3  # classes that are named
_Z = 1.96  # standard deviations on each side of a 95 % interval


def sentences(record: Record) -> list[str]:
    """What the model was not judged on, how sure the figures are, and where it is weak.

    Raises:
        DlkitError: the run's evaluation is damaged.
    """
    told = ["Judged only on data of the kind it was trained on; other sources may look different."]
    told += _classes(record)
    told += _certainty(record)
    told += _weak_classes(record)
    if record.status != "finished":
        told.append(f"Its training ended as `{record.status}`.")
    if record.best_epoch is not None and record.best_epoch == record.epochs_done > 1:
        told.append("The last epoch was the best: longer training might have gone further.")
    return told


def interval(share: float, size: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of `size` rows (Wilson 1927).

    Example:
        >>> interval(0.9, 100)
        (0.8256, 0.9448)
    """
    spread = _Z * _Z / size
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / size + spread / (4 * size)) / (1 + spread)
    return middle - half, middle + half


def _classes(record: Record) -> list[str]:
    data = record.env.get("data")
    names = data.get("class_names") if isinstance(data, dict) else None
    if not names:
        return []
    return [f"It knows {len(names)} classes; whatever else it sees, it calls one of them."]


def _certainty(record: Record) -> list[str]:
    size, share = record.evaluation.get("size"), record.judged
    if record.metric != "accuracy" or not isinstance(size, int) or not 0 <= share <= 1:
        return []
    low, high = interval(share, size)
    return [f"{size:,} rows leave its accuracy uncertain: {low:.3f} to {high:.3f}, with 95 % "
            "confidence (Wilson's interval)."]  # fmt: skip


def _weak_classes(record: Record) -> list[str]:
    """The classes that it finds least often."""
    found = evaluations.read(record.folder)
    if found is None or not {"labels", "probabilities"} <= found.arrays.keys():
        return []
    truth, answers = found.arrays["labels"], found.arrays["probabilities"].argmax(axis=-1)
    names, counts = found.class_names, np.bincount(truth)
    recall = {k: float(np.mean(answers[truth == k] == k)) for k in np.flatnonzero(counts)}
    weak = [k for k in sorted(recall, key=recall.get)[:_WEAK] if recall[k] < 1]
    if not weak:
        return []
    told = (f"{names[k] if names else k} ({recall[k]:.2f} of {counts[k]})" for k in weak)
    return [f"It finds these classes least often; in brackets, how often: {', '.join(told)}."]
