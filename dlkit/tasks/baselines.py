"""What a simple method reaches on the same rows: the figure that a network has to beat."""

from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from dlkit.data.source import Source

NEIGHBORS = 3
WORK = 2e9  # train rows · test rows · pixels that a few seconds can compare


def best(source: Source, split: str) -> dict[str, Any]:
    """3-nearest-neighbour on pixels where that takes seconds, else the commonest class.

    Both learn from the `train` split alone.

    Returns:
        `{"name": "3-nearest-neighbour", "accuracy": 0.97}`
    """
    train, judged = len(source.rows("train")), len(source.rows(split))
    if train * judged * np.prod(source.image_shape) <= WORK and train >= NEIGHBORS:
        return nearest_neighbour(source, split)
    return commonest_class(source, split)


def nearest_neighbour(source: Source, split: str) -> dict[str, Any]:
    """The majority of the three training images nearest in pixels (Euclidean distance)."""
    images, labels = source.arrays("train")
    judge = KNeighborsClassifier(NEIGHBORS).fit(_flat(images), labels)
    judged, truth = source.arrays(split)
    return {
        "name": f"{NEIGHBORS}-nearest-neighbour",
        "accuracy": float(np.mean(judge.predict(_flat(judged)) == truth)),
    }


def commonest_class(source: Source, split: str) -> dict[str, Any]:
    """Always the class that the training split has most of."""
    if source.labels is None:
        train, truth = source.arrays("train")[1], source.arrays(split)[1]
    else:
        train, truth = (source.labels[source.rows(name)] for name in ("train", split))
    accuracy = float(np.mean(truth == np.bincount(train).argmax()))
    return {"name": "commonest class", "accuracy": accuracy}


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32)
