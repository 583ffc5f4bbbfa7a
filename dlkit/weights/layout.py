"""From the arrays of a published file to the variables of a model, one to one.

A `Layout` says what a family's file calls our layers. `plan` finds a place for every array and an
array for every variable, or says what is left without one; nothing is assigned before all fits.
"""

import dataclasses
import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping

import keras
import numpy as np

from dlkit.data import names
from dlkit.layers import LayerScale
from dlkit.weights import DIVERGED, WeightsError, fit

_TORCH = {  # a variable's name in Keras -> in torch
    "kernel": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}

_WRAPPERS = ("module.", "_orig_mod.")  # what DistributedDataParallel and torch.compile put before
_JOINTS = {"torch": ".", "keras": "/"}  # between a layer's name and its array's


@dataclasses.dataclass(frozen=True)
class Layout:
    """How files of one origin call the layers of one family.

    Attributes:
        kind: `"keras"`, files of `keras.applications`; or `"torch"`.
        layer: gives their name of one of our layers; None where theirs are numbered by chance, and
            arrays stand in the order of our layers.
        unused: patterns of names in the file for which the network has no place.
        head: our layer that tells the classes apart: another number of them leaves it fresh, and
            a network without it leaves the file's aside.
        spelled: a pattern and its replacement, for names that older files spell otherwise.

    Example:
        >>> Layout("torch", {"logits": "fc"}.get)
    """

    kind: str
    layer: Callable[[str], str | None] | None = None
    unused: tuple[str, ...] = ()
    head: str = "logits"
    spelled: tuple[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Move:
    """One array's way into the model.

    Attributes:
        variable: where to.
        source: its name in the file.
        value: the array as the variable takes it.
        how: what was done to it, such as `transposed`; empty where it came as it was.
    """

    variable: keras.Variable
    source: str
    value: np.ndarray
    how: str = ""


@dataclasses.dataclass(frozen=True)
class Report:
    """What went where.

    Attributes:
        moves: the arrays that found their place, in the model's order.
        fresh: paths of the variables that stayed as they were: a head of other classes.
        unused: names in the file that have no place in the network, its head's among them where
            the network ends in features.
    """

    moves: tuple[Move, ...] = ()
    fresh: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{m.variable.path}  <-  {m.source}" + (f"  ({m.how})" if m.how else "")
                 for m in self.moves]  # fmt: skip
        lines += [f"{path}  fresh" for path in self.fresh]
        return "\n".join([*lines, *(f"not used: {name}" for name in self.unused)])


def assign(
    model: keras.Model, arrays: Mapping[str, np.ndarray], layout: Layout, fresh_head: bool = True
) -> Report:
    """Gives a model the values of a file, all or none.

    Args:
        model: as built; its head may tell apart other classes than the file's or be left out, and
            its images may have another number of channels.
        arrays: the file's, by name, in its order.
        layout: what the file calls the model's layers.
        fresh_head: whether a head of other classes than the file's may stay as it is.

    Raises:
        WeightsError: arrays or variables are left over, or a shape differs; the first are named.
    """
    report = plan(model, arrays, layout, fresh_head)
    for move in report.moves:
        move.variable.assign(move.value)
    return report


def plan(
    model: keras.Model, arrays: Mapping[str, np.ndarray], layout: Layout, fresh_head: bool = True
) -> Report:
    """What `assign` would do."""
    arrays = _unwrapped(arrays)
    if layout.spelled:
        arrays = {re.sub(*layout.spelled, name): array for name, array in arrays.items()}
    aside = _headless(model, arrays, layout)
    unused = [
        name
        for name in arrays
        if name in aside or any(fnmatch.fnmatch(name, p) for p in layout.unused)
    ]
    left = {name: array for name, array in arrays.items() if name not in unused}
    pairs = list(_pairs(model, left, layout))
    missing = [source for _, _, source in pairs if source not in left]
    extra = left.keys() - {source for _, _, source in pairs}
    if missing or extra:
        told = [f"the file lacks {names.listed(missing, most=3)}"] if missing else []
        if extra:
            first = [name for name in left if name in extra]
            told.append(f"the model has no place for {names.listed(first, most=3)}")
        raise WeightsError(
            f"the file is not of {model.name!r}: {'; '.join(told)}.",
            "Take the file of this very network",
        )
    moves, fresh = [], []
    classes = _other_classes(model, left, pairs, layout)
    if classes and not fresh_head:
        raise WeightsError(
            f"the file tells {classes} classes apart, and {model.name!r} others.",
            f"Take its head: num_classes={classes}; or say how many, for one to be trained anew",
        )
    for layer, variable, source in pairs:
        if classes and layer.name == layout.head:
            fresh.append(variable.path)
            continue
        value, how = fit.fitted(layer, variable, left[source], layout.kind)
        if value is None:
            raise WeightsError(
                f"{variable.path} has shape {tuple(variable.shape)}, and {source} in the file "
                f"{left[source].shape}.",
                "Build the network as it was published, or take another file",
            )
        if np.isnan(value).any():
            raise WeightsError(f"{source} in the file has values that are NaN.", DIVERGED)
        moves.append(Move(variable, source, value, how))
    return Report(tuple(moves), tuple(fresh), tuple(unused))


def _unwrapped(arrays: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Without the words that torch's wrappers put before every name."""
    for word in _WRAPPERS:
        if arrays and all(name.startswith(word) for name in arrays):
            return _unwrapped({name.removeprefix(word): value for name, value in arrays.items()})
    return arrays


def _other_classes(
    model: keras.Model,
    arrays: Mapping[str, np.ndarray],
    pairs: list[tuple[keras.layers.Layer, keras.Variable, str]],
    layout: Layout,
) -> int:
    """The file's number of classes, where the model has a head of another; else 0.

    All of the head's arrays have it, as kernels and biases of that many do; of others, a shape is
    wrong.
    """
    ends = [
        (variable.shape[-1], arrays[source].shape[0 if layout.kind == "torch" else -1])
        for layer, variable, source in pairs
        if layer.name == layout.head
    ]
    theirs = {number for _, number in ends}
    return theirs.pop() if len(theirs) == 1 and all(a != b for a, b in ends) else 0


def _pairs(
    model: keras.Model, arrays: Mapping[str, np.ndarray], layout: Layout
) -> Iterator[tuple[keras.layers.Layer, keras.Variable, str]]:
    """Each variable and the name of its array; by order where the file's names mean nothing."""
    held = [(layer, v) for layer in model.layers for v in layer.weights]
    if layout.layer is None:
        ordered = [*arrays, *(f"array {i}" for i in range(len(arrays), len(held)))]
        yield from ((*pair, source) for pair, source in zip(held, ordered, strict=False))
        return
    for layer in model.layers:
        theirs = layout.layer(layer.name)
        for i, variable in enumerate(layer.weights):
            if layout.kind == "torch" and isinstance(layer, LayerScale):
                yield layer, variable, str(theirs)  # a parameter of the block, no layer of its own
                continue
            own = _TORCH.get(variable.name, variable.name) if layout.kind == "torch" else i
            yield layer, variable, f"{theirs}{_JOINTS[layout.kind]}{own}"


def _headless(model: keras.Model, arrays: Mapping[str, np.ndarray], layout: Layout) -> set[str]:
    """The names of the head's arrays, where the model has no head; by order, the last layer's."""
    if not arrays or any(layer.name == layout.head for layer in model.layers):
        return set()
    joint = _JOINTS[layout.kind]
    head = layout.layer(layout.head) if layout.layer else list(arrays)[-1].rpartition(joint)[0]
    return {name for name in arrays if name.rpartition(joint)[0] == head}
