"""What flows through a network: how large it is, layer by layer, and which units never speak."""

import dataclasses
import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.inspection import graph, tables
from dlkit.inspection import images as feed

ROOM = 2**29  # bytes
HEADINGS = ("layer", "kind", "output", ">mean", ">std", ">zeros", ">units", ">dead")


@dataclasses.dataclass(frozen=True)
class Activation:
    """A layer's values over all images and places.

    Attributes:
        name: the layer's.
        kind: its class.
        output_shape: without the batch.
        mean: of the values.
        std: their standard deviation.
        zeros: the share of values that are exactly 0, as ReLU makes them.
        units: channels, or units of a dense layer.
        dead: those of them that were 0 for every image at every place.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    mean: float
    std: float
    zeros: float
    units: int
    dead: int


@dataclasses.dataclass(frozen=True)
class Activations:
    """A row a layer; `str()` prints them as a table.

    Attributes:
        model: its name.
        images: how many were looked at.
        rows: the layers in their order.
    """

    model: str
    images: int
    rows: tuple[Activation, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        rows = [dataclasses.asdict(row) for row in self.rows]
        return {"model": self.model, "images": self.images, "layers": rows}

    def __str__(self) -> str:
        head = f"{self.model} on {self.images:,} {'image' if self.images == 1 else 'images'}"
        return f"{head}\n\n{tables.table(HEADINGS, map(_cells, self.rows))}"


def activations(model: keras.Model, images: np.ndarray, batch_size: int = 16) -> Activations:
    """Measures what each layer gives for images, in inference.

    A standard deviation that grows or shrinks from layer to layer tells of exploding or vanishing
    signals; a unit of ReLU that is 0 for all images learns no more.

    Args:
        model: functional or sequential.
        images: what it takes, `(batch, height, width, channels)` in [0, 255]; some hundred from
            all classes tell more than a few.
        batch_size: images at a time; fewer where the layers' values would take much memory.

    Raises:
        InspectionError: the images do not fit the model.

    Example:
        >>> print(inspection.activations(model, images))
    """
    plain = graph.functional(model)
    layers = [layer for layer in plain.layers if _gives_numbers(layer)]
    probe = keras.Model(plain.input, [layer.output for layer in layers])
    sums = [_Sums() for _ in layers]
    feed.check(plain, images)
    for _, batch in feed.batches(plain, images, min(batch_size, _fitting(plain, images))):
        given = keras.tree.flatten(probe(batch, training=False))
        for each, values in zip(sums, given, strict=True):
            each.add(*(part.numpy() for part in _measured(values)))
    rows = (_row(layer, each) for layer, each in zip(layers, sums, strict=True))
    return Activations(model.name, len(images), tuple(rows))


class _Sums:
    """Count, mean and squared deviations of batches, put together as Chan et al. (1979) do."""

    def __init__(self):
        self.count = self.mean = self.squares = self.zeros = 0.0
        self.alive: np.ndarray | bool = False

    def add(self, count, mean, variance, zeros, alive):
        """Takes in a batch; `alive` says of each unit whether it gave anything."""
        count, mean, variance = float(count), float(mean), float(variance)
        total, shift = self.count + count, mean - self.mean
        self.squares += variance * count + shift**2 * self.count * count / total
        self.mean += shift * count / total
        self.zeros += float(zeros)
        self.alive = self.alive | alive
        self.count = total


def _fitting(model: keras.Model, images: np.ndarray) -> int:
    """How many images' values, of all layers at once, fit in `ROOM`."""
    calls = graph.trace(model, [(None, *np.shape(images)[1:])]).calls
    tensors = [tensor for call in calls for tensor in call.outputs]
    values = sum(math.prod(side or 1 for side in tensor.shape[1:]) for tensor in tensors)
    return max(1, ROOM // (4 * values))


def _measured(values: tf.Tensor) -> tuple[tf.Tensor, ...]:
    values = tf.cast(values, tf.float32)
    mean, variance = tf.nn.moments(values, axes=list(range(len(values.shape))))
    spoke = tf.not_equal(values, 0.0)
    zeros = tf.size(values, tf.int64) - tf.math.count_nonzero(spoke)
    alive = tf.reduce_any(spoke, axis=list(range(len(values.shape) - 1)))
    return tf.size(values), mean, variance, zeros, alive


def _row(layer: keras.layers.Layer, sums: _Sums) -> Activation:
    return Activation(
        name=layer.name,
        kind=type(layer).__name__,
        output_shape=tuple(layer.output.shape[1:]),
        mean=sums.mean,
        std=math.sqrt(sums.squares / sums.count),
        zeros=sums.zeros / sums.count,
        units=len(sums.alive),
        dead=int(np.sum(~sums.alive)),
    )


def _gives_numbers(layer: keras.layers.Layer) -> bool:
    given = layer.output
    if isinstance(layer, keras.layers.InputLayer) or not isinstance(given, keras.KerasTensor):
        return False
    return "float" in given.dtype and len(given.shape) > 1


def _cells(row: Activation) -> list[str]:
    zeros = f"{100 * row.zeros:.1f}%" if row.zeros else ""
    return [row.name, row.kind, tables.sizes(row.output_shape), f"{row.mean:.3g}",
            f"{row.std:.3g}", zeros, f"{row.units:,}", tables.amount(row.dead)]  # fmt: skip
