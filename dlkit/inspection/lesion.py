"""Deleting residual blocks: what is left of a network when some are switched off.

Source: Veit, Wilber, Belongie, "Residual Networks Behave Like Ensembles of Relatively Shallow
Networks", arXiv:1605.06431.
"""

import fnmatch
from collections.abc import Iterable, Sequence

import keras
import numpy as np

from dlkit.inspection import graph
from dlkit.inspection import images as feed
from dlkit.inspection.errors import InspectionError
from dlkit.layers import Switch
from dlkit.registry import errors

SUM, SWITCH = "_add", "_switch"


def residual_blocks(model: keras.Model) -> list[str]:
    """The places of a model's residual blocks, in order: `conv2_block1` and so on.

    A block is known by its `Add` layer of two branches; where that is named `{place}_add`, the
    block is called by its place, otherwise by the layer.
    """
    return [_place(name) for name in _sums(graph.functional(model))]


def lesion(model: keras.Model, names: str | Iterable[str] = ()) -> keras.Model:
    """A copy in which given residual blocks are reduced to their shortcuts.

    Every block's main branch gets a `Switch`, and those named are off; `switch_off` changes which,
    at once, also for a compiled copy. The main branch is that of more layers.

    Args:
        model: functional, with `Add` layers of two branches.
        names: the blocks to switch off: places, names of `Add` layers, or patterns such as
            `conv3_*`.

    Returns:
        A flat model of the same name with copies of all weights; it is not compiled.

    Raises:
        InspectionError: the model has no residual blocks, none of such a name, or is a lesion.

    Example:
        >>> model = dlkit.create_model("resnet20")
        >>> cut = dlkit.inspection.lesion(model, ["conv3_block2"])
    """
    plain = graph.functional(model)
    if any(isinstance(layer, Switch) for layer in plain.layers):
        raise InspectionError(
            f"{model.name} has its switches already.", "Turn them: switch_off(model, names)"
        )
    sums = _sums(plain)
    if not sums:
        raise InspectionError(
            f"{model.name} has no residual block: no Add layer joins two branches.",
            "Take a residual network, such as resnet20",
        )

    def call(layer: keras.layers.Layer, *args, **kwargs):
        if layer.name in sums:
            branches = list(args[0])
            switch = Switch(name=f"{_place(layer.name)}{SWITCH}")
            branches[sums[layer.name]] = switch(branches[sums[layer.name]])
            args = (branches, *args[1:])
        return layer(*args, **kwargs)

    copy = keras.models.clone_model(plain, call_function=call)
    for layer in plain.layers:
        if layer.weights:
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    switch_off(copy, names)
    return copy


def switch_off(model: keras.Model, names: str | Iterable[str] = ()) -> list[str]:
    """Switches the named blocks of a `lesion` off, and all others on.

    Args:
        model: what `lesion` gave.
        names: as there.

    Returns:
        The places of those that are off.

    Raises:
        InspectionError: the model has no switches, or none of such a name.
    """
    switches = {
        layer.name.removesuffix(SWITCH): layer
        for layer in model.layers
        if isinstance(layer, Switch)
    }
    if not switches:
        raise InspectionError(f"{model.name} has no switches.", "Set them: lesion(model)")
    off = _matching(model, [names] if isinstance(names, str) else list(names), list(switches))
    for place, switch in switches.items():
        switch.gate.assign(0.0 if place in off else 1.0)
    return off


def lesion_study(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    cuts: Sequence[str | Iterable[str]] | None = None,
    batch_size: int = 64,
) -> tuple[float, np.ndarray]:
    """The accuracy of a classifier whole, and with each of several cuts.

    Args:
        model: a residual classifier.
        images: `(n, height, width, channels)` in [0, 255].
        labels: `(n,)` class numbers.
        cuts: which blocks are off together, one entry a cut; each block alone when None.
        batch_size: images at a time.

    Returns:
        The whole model's accuracy, and `(cuts,)` accuracies.

    Raises:
        InspectionError: as `lesion` does, or the images or labels do not fit.

    Example:
        >>> whole, cut = dlkit.inspection.lesion_study(model, images, labels)
        >>> plots.lesions(dlkit.inspection.residual_blocks(model), cut, whole)
    """
    copy = lesion(model)
    feed.check(copy, images)
    labels = np.asarray(labels)
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
        raise InspectionError(
            f"labels are {labels.dtype} of shape {labels.shape}, and not one class number for each "
            f"of {len(images)} images.",
            "Of one-hot labels take labels.argmax(axis=-1)",
        )
    cuts = residual_blocks(model) if cuts is None else list(cuts)
    found = []
    for cut in ((), *cuts):
        switch_off(copy, cut)
        said = copy.predict(images, batch_size=batch_size, verbose=0)
        found.append(float(np.mean(said.argmax(axis=-1) == labels)))
    return found[0], np.array(found[1:])


def _sums(model: keras.Model) -> dict[str, int]:
    """The names of the sums of two branches, and which of the two is the main one.

    It is the branch with more layers that the other does not stand on; of equals the second, since
    blocks add [shortcut, main].
    """
    giving = graph.producers(model)
    before: dict[int, set[int]] = {}
    sums = {}
    for layer in model.layers:
        takes = (
            [] if isinstance(layer, keras.layers.InputLayer) else keras.tree.flatten(layer.input)
        )
        branches = [before[id(giving[id(tensor)])] for tensor in takes]
        before[id(layer)] = {id(layer)}.union(*branches)
        if isinstance(layer, keras.layers.Add) and len(branches) == 2:
            first, second = branches
            sums[layer.name] = int(len(second - first) >= len(first - second))
    return sums


def _place(name: str) -> str:
    return name.removesuffix(SUM)


def _matching(model: keras.Model, names: list[str], places: list[str]) -> list[str]:
    """The places that fit any of the names, in their order."""
    fitting = set()
    for name in names:
        found = [place for place in places if fnmatch.fnmatchcase(place, _place(name))]
        if not found:
            raise InspectionError(
                f"{model.name} has no residual block {name!r}.{errors.suggestion(name, places)}",
                f"Choose some, such as {places[-1]!r}: residual_blocks(model) lists them",
            )
        fitting.update(found)
    return [place for place in places if place in fitting]
