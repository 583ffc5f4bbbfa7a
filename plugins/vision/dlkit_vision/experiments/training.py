"""Real digits and a plain `model.fit`: what the experiments that learn have in common."""

import dataclasses
from collections.abc import Mapping, Sequence

import keras
import numpy as np

import dlkit

BATCH = 64


@dataclasses.dataclass(frozen=True, eq=False)
class Images:
    """Some digits and what they are.

    Attributes:
        images: `(n, size, size, 1)` uint8.
        labels: `(n,)` int32.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, classes: Sequence[int]) -> "Images":
        """Those of some classes, which are numbered anew from 0."""
        rows = np.isin(self.labels, classes)
        return Images(self.images[rows], np.searchsorted(classes, self.labels[rows]))


def digits(size: int) -> tuple[Images, Images]:
    """1,347 digits to learn from and 450 to be judged by, of `size`×`size` pixels.

    The validation rows are learned from too: everything that they could choose is fixed beforehand.
    """
    source = dlkit.create("dataset", "digits", image_size=size)
    parts = [source.arrays(split) for split in ("train", "val")]
    learned = Images(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    return learned, Images(*source.arrays("test"))


def fit(
    model: keras.Model, data: Images, optimizer: keras.optimizers.Optimizer, epochs: int
) -> Mapping[str, Sequence[float]]:
    """Compiles the model and trains it.

    Returns:
        The history: `loss` and `accuracy`, one number an epoch, as they were while it learned.
    """
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(data.images, data.labels, BATCH, epochs, verbose=0).history


def accuracy(model: keras.Model, data: Images) -> float:
    """The share of the images that a model tells right, in percent."""
    said = model.predict(data.images, batch_size=len(data), verbose=0).argmax(axis=-1)
    return 100 * float(np.mean(said == data.labels))
