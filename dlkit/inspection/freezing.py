"""What learns, and what stays as it is: freezing up to a place, and thawing from one on."""

import fnmatch

import keras

from dlkit.inspection import depth, graph, head
from dlkit.inspection.errors import InspectionError
from dlkit.inspection.places import layer_at, levels
from dlkit.registry import errors


def freeze(model: keras.Model, to: str | None = None) -> list[str]:
    """Freezes all layers that lead to a place; what stands there and behind it learns.

    Frozen batch norms use their moving statistics and keep them. Compile the model afterwards:
    Keras reads what is trainable when it compiles.

    Args:
        model: functional or sequential.
        to: a level, whose stage is the last frozen one; a layer or a pattern such as `conv5_*`,
            the first of which is the first layer to learn; None freezes all but the head.

    Returns:
        The names of the layers that were frozen, those without weights left out.

    Raises:
        InspectionError: there is no such place, or nothing would be frozen or be left to learn.
    """
    place = _head(model) if to is None else to
    try:
        return depth.freeze(graph.functional(model), place, levels(model))
    except errors.UsageError as error:
        raise InspectionError(error.message, "See its layers: model.summary()") from error


def unfreeze(
    model: keras.Model, from_: str | None = None, *, batch_norm: bool = False
) -> list[str]:
    """Lets a place and all that does not lead to it learn, but for its batch norms.

    A batch norm that learns takes its statistics from few images of another kind, and forgets those
    that it was trained with, whatever `training=False` says elsewhere; so all of them in this part
    are frozen unless asked for. Compile the model afterwards.

    Args:
        model: functional or sequential.
        from_: a level, whose stage is the first to learn; a layer or a pattern; None for all.
        batch_norm: whether batch norms learn too.

    Returns:
        The names of the layers that learn from now on, those without weights left out.

    Raises:
        InspectionError: there is no such place.
    """
    plain = graph.functional(model)
    before = set() if from_ is None else _before(plain, from_)
    _wake(model)
    learning = []
    for layer in plain.layers:
        if layer.name in before or not layer.weights:
            continue
        layer.trainable = True
        for norm in _norms(layer):
            norm.trainable = batch_norm
        if layer.trainable_weights:
            learning.append(layer.name)
    return learning


def _head(model: keras.Model) -> str:
    plain = graph.functional(model)
    found = head.find(plain, plain.outputs[0])
    if found is None:
        raise InspectionError(
            f"{model.name} has no classifier's head, and all would be frozen.",
            'Say how far: freeze(model, to="C4"), or give it one: reset_classifier(model, 10)',
        )
    return found.logits.name


def _before(model: keras.Model, place: str) -> set[str]:
    """The layers that lead to a place: for a level, to the level below it."""
    known = list(levels(model))
    if place in known:
        number = known.index(place)
        return graph.leading_to(model, layer_at(model, known[number - 1])) if number else set()
    names = [layer.name for layer in model.layers]
    first = next((name for name in names if fnmatch.fnmatchcase(name, place)), place)
    layer = layer_at(model, first)
    return graph.leading_to(model, layer) - {layer}


def _wake(model: keras.Model) -> None:
    """Where the whole model is frozen, its layers stay so, and it heeds them again."""
    if not model.trainable:
        flags = [(layer, layer.trainable) for layer in model.layers]
        model.trainable = True
        for layer, trainable in flags:
            layer.trainable = trainable


def _norms(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The batch norms that a layer is or holds."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return [layer]
    return [norm for inner in getattr(layer, "layers", ()) for norm in _norms(inner)]
