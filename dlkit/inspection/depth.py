"""Places in a model's depth: what to freeze, and which layers move less than the head.

Both read the model's graph of layers, so they take functional and sequential models; a recipe's
`freeze` and `layer_decay` end here.
"""

import fnmatch
from collections.abc import Mapping
from typing import Any

import keras

from dlkit.inspection import graph
from dlkit.registry import errors


def freeze(model: keras.Model, place: str, levels: Mapping[str, Any] | None = None) -> list[str]:
    """Freezes all layers that lead to a place; what stands there and behind it learns.

    A level, such as `C4`, stands behind the layer that gives it: its stage is the last frozen one.
    A name or a pattern stands before the first layer that fits: that layer is the first to learn.
    Frozen batch norms use their moving statistics and keep them. Frozen dropout still drops.

    Do it before the model is compiled.

    Args:
        model: a model whose layers are a graph.
        place: a level of `levels`, a layer's name, or a pattern such as `conv5_*`.
        levels: level names to their records in the registry, `model_info(name).levels`.

    Returns:
        The names of the layers that were frozen, those without weights left out.

    Raises:
        UsageError: there is no such place, or nothing would be frozen or be left to learn.

    Example:
        >>> freeze(model, "C4", dlkit.model_info("resnet50").levels)
        >>> freeze(model, "logits")  # trains the head alone
    """
    _check_graph(model)
    there = _there(model, levels)
    if place in there:
        leading = _leading_to(model, there[place].layer)
    else:
        name = _first_fit(model, place, there)
        leading = [layer for layer in _leading_to(model, name) if layer.name != name]
    found = [layer for layer in leading if layer.weights]
    if not found:
        raise errors.UsageError(
            f"freeze={place!r}: no layer before it has weights.",
            f"Choose a later one, such as: --set freeze={_with_kernels(model)[-1].name}",
        )
    before = [(layer, layer.trainable) for layer in found]
    for layer in found:
        layer.trainable = False
    if not model.trainable_variables:
        for layer, trainable in before:
            layer.trainable = trainable
        raise errors.UsageError(
            f"freeze={place!r}: no layer is left to learn.",
            f"Choose an earlier one, such as: --set freeze={_with_kernels(model)[-1].name}",
        )
    return [layer.name for layer in found]


def factors(
    model: keras.Model, decay: float, levels: Mapping[str, Any] | None = None
) -> list[float]:
    """A share of the learning rate for each trainable variable: decay^d, d groups below the head.

    The groups are the stages between the model's levels, with the head above the last; in a model
    without levels, each layer with a kernel, with the norm or other layers that follow it.

    What is in no layer, as a weight that the model's own class adds, moves as the head does.

    Source: Howard & Ruder, "Universal language model fine-tuning for text classification", ACL
    2018, section 3.2 (discriminative fine-tuning); the levels' stages take the layers' place.

    Args:
        model: a model whose layers are a graph; what is frozen has been frozen.
        decay: how much less each group moves than the one above it, 0 < decay ≤ 1.
        levels: as in `freeze`.

    Raises:
        UsageError: the model's layers are no graph.
    """
    _check_graph(model)
    there = _there(model, levels)
    groups = _stages(model, there) if there else _by_kernel(model)
    last = max(groups.values())
    of_variable = {
        id(variable): decay ** (last - groups[layer.name])
        for layer in model.layers
        for variable in layer.trainable_variables
    }
    return [of_variable.get(id(variable), 1.0) for variable in model.trainable_variables]


def _there(model: keras.Model, levels: Mapping[str, Any] | None) -> dict[str, Any]:
    """The levels whose layers the model has: options of its builder may leave some out."""
    names = {layer.name for layer in model.layers}
    return {level: at for level, at in (levels or {}).items() if at.layer in names}


def _stages(model: keras.Model, levels: Mapping[str, Any]) -> dict[str, int]:
    """The number of each layer's stage, by its name; the head has the highest."""
    ordered = sorted(levels.values(), key=lambda level: level.stride)
    groups = {layer.name: len(ordered) for layer in model.layers}
    for number, level in reversed(list(enumerate(ordered))):
        groups.update({layer.name: number for layer in _leading_to(model, level.layer)})
    return groups


def _by_kernel(model: keras.Model) -> dict[str, int]:
    groups, number = {}, 0
    for layer in model.layers:
        number += _has_kernel(layer)
        groups[layer.name] = number
    return groups


def _leading_to(model: keras.Model, name: str) -> list[keras.layers.Layer]:
    """The layers that a layer's output depends on, and the layer itself."""
    names = graph.leading_to(model, name)
    return [layer for layer in model.layers if layer.name in names]


def _first_fit(model: keras.Model, place: str, levels: Mapping[str, Any]) -> str:
    names = [layer.name for layer in model.layers]
    fitting = [name for name in names if fnmatch.fnmatchcase(name, place)]
    if fitting:
        return fitting[0]
    known = [*levels, *names]
    also = f" Its levels are {', '.join(levels)}." if levels else ""
    raise errors.UsageError(
        f"freeze={place!r}: {model.name} has no such level or layer."
        f"{errors.suggestion(place, known)}{also}",
        f"Choose one, such as: --set freeze={_with_kernels(model)[-1].name}",
    )


def _check_graph(model: keras.Model) -> None:
    try:
        known = bool(model.inputs) and all(layer.output is not None for layer in model.layers)
    except AttributeError:
        known = False
    if not known:
        raise errors.UsageError(
            f"{model.name}: its layers are no graph, so that none of them comes before another; "
            "freeze and layer_decay need a functional or sequential model.",
            "Leave them out, or build the model by keras.Model(inputs, outputs)",
        )


def _with_kernels(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if _has_kernel(layer)] or list(model.layers)


def _has_kernel(layer: keras.layers.Layer) -> bool:
    return any(len(weight.shape) > 1 for weight in layer.weights)
