"""Where a classifier's features become scores, and scores probabilities."""

import dataclasses

import keras

from dlkit.inspection import graph
from dlkit.layers import ClassifierOutput

SQUASHING = ("softmax", "sigmoid")
_PASSING = (  # what may stand between scores and probabilities and changes no score
    keras.layers.Activation, keras.layers.Dropout, keras.layers.Flatten,
    keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D, keras.layers.Reshape,
    keras.layers.Softmax,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Head:
    """The end of a classifier.

    Attributes:
        features: the tensor that the layer of the scores takes.
        logits: that layer, dense or a convolution.
        behind: the layers behind it, in order.
    """

    features: keras.KerasTensor
    logits: keras.layers.Layer
    behind: tuple[keras.layers.Layer, ...]


def find(model: keras.Model, output: keras.KerasTensor) -> Head | None:
    """The head that gives an output of a functional model.

    It is the last layer with a kernel and what stands behind it, where that ends in a
    `ClassifierOutput`; without one, where nothing but softmax or sigmoid bends the scores.

    Returns:
        None where the output is features.
    """
    giving = graph.producers(model)
    behind: list[keras.layers.Layer] = []
    layer = giving[id(output)]
    while not layer.weights:
        if not isinstance(layer.input, keras.KerasTensor) or id(layer.input) not in giving:
            return None
        behind.insert(0, layer)
        layer = giving[id(layer.input)]
    dense = isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)
    sure = any(isinstance(one, ClassifierOutput) for one in behind)
    if not dense or not (sure or all(map(_is_straight, [layer, *behind]))):
        return None
    return Head(layer.input, layer, tuple(behind))


def scores(model: keras.Model) -> keras.KerasTensor:
    """The scores of a functional classifier before softmax or sigmoid, `(batch, classes)`.

    Where the last dense layer has the softmax inside, a twin without it stands beside it, with a
    copy of its weights. Of several outputs the first counts.
    """
    giving = graph.producers(model)
    output = model.outputs[0]
    layer = giving[id(output)]
    while squashes(layer):
        output = layer.input
        layer = giving[id(output)]
    if _activation(layer) not in SQUASHING or not layer.weights:
        return output
    twin = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    raw = twin(layer.input)
    twin.set_weights(layer.get_weights())
    return raw


def squashes(layer: keras.layers.Layer) -> bool:
    """Whether a layer makes probabilities of scores and does nothing else."""
    if isinstance(layer, ClassifierOutput | keras.layers.Softmax):
        return True
    return isinstance(layer, keras.layers.Activation) and _activation(layer) in SQUASHING


def _is_straight(layer: keras.layers.Layer) -> bool:
    known = isinstance(layer, _PASSING) or bool(layer.weights)
    return known and _activation(layer) in (*SQUASHING, "linear")


def _activation(layer: keras.layers.Layer) -> str:
    """The name of a layer's activation; `linear` where it has none."""
    found = getattr(layer, "activation", None)
    if isinstance(found, str) or found is None:  # as of ClassifierOutput
        return found or "linear"
    return getattr(found, "__name__", "other")
