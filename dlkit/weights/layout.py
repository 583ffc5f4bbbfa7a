"""From the arrays of a published file to the variables of a model, one to one.

A `Layout` says what a family's file calls our layers. `plan` finds a place for every array and an
array for every variable, or says what is left without one; nothing is assigned before all fits.
"""

import dataclasses
import fnmatch
from collections.abc import Callable, Iterator, Mapping

import keras
import numpy as np

from dlkit.data import names
from dlkit.weights import WeightsError

HEAD = "logits"  # the layer that classes are told apart by: another number of them leaves it fresh

_TORCH = {  # a variable's name in Keras -> in torch
    "kernel": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@dataclasses.dataclass(frozen=True)
class Layout:
    """How files of one origin call the layers of one family.

    Attributes:
        kind: `"keras"`, files of `keras.applications`; or `"torch"`.
        layer: gives their name of one of our layers; None where theirs are numbered by chance, and
            arrays stand in the order of our layers.
        unused: patterns of names in the file for which the network has no place.

    Example:
        >>> Layout("torch", {"logits": "fc"}.get)
    """

    kind: str
    layer: Callable[[str], str | None] | None = None
    unused: tuple[str, ...] = ()


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
        unused: names in the file that have no place in the network.
    """

    moves: tuple[Move, ...] = ()
    fresh: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{m.variable.path}  <-  {m.source}" + (f"  ({m.how})" if m.how else "")
                 for m in self.moves]  # fmt: skip
        lines += [f"{path}  fresh" for path in self.fresh]
        return "\n".join([*lines, *(f"not used: {name}" for name in self.unused)])


def assign(model: keras.Model, arrays: Mapping[str, np.ndarray], layout: Layout) -> Report:
    """Gives a model the values of a file, all or none.

    Args:
        model: as built; its head may tell apart other classes than the file's, and its images may
            have another number of channels.
        arrays: the file's, by name, in its order.
        layout: what the file calls the model's layers.

    Raises:
        WeightsError: arrays or variables are left over, or a shape differs; the first are named.
    """
    report = plan(model, arrays, layout)
    for move in report.moves:
        move.variable.assign(move.value)
    return report


def plan(model: keras.Model, arrays: Mapping[str, np.ndarray], layout: Layout) -> Report:
    """What `assign` would do."""
    unused = [name for name in arrays if any(fnmatch.fnmatch(name, p) for p in layout.unused)]
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
    for layer, variable, source in pairs:
        value, how = _fitted(layer, variable, left[source], layout.kind)
        if value is not None:
            moves.append(Move(variable, source, value, how))
        elif layer.name == HEAD:
            fresh.append(variable.path)
        else:
            raise WeightsError(
                f"{variable.path} has shape {tuple(variable.shape)}, and {source} in the file "
                f"{left[source].shape}.",
                "Build the network as it was published, or take another file",
            )
    return Report(tuple(moves), tuple(fresh), tuple(unused))


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
            own = _TORCH.get(variable.name, variable.name) if layout.kind == "torch" else i
            joint = "." if layout.kind == "torch" else "/"
            yield layer, variable, f"{theirs}{joint}{own}"


def _fitted(
    layer: keras.layers.Layer, variable: keras.Variable, array: np.ndarray, kind: str
) -> tuple[np.ndarray | None, str]:
    """The array as the variable takes it and what was done to it; None where nothing fits it."""
    shape = tuple(variable.shape)
    how = ""
    if kind == "torch" and array.ndim > 1:
        array, how = _from_torch(layer, array, shape), "transposed"
    if array.shape != shape and array.size == np.prod(shape) and array.shape[:2] == (1, 1):
        array, how = array.reshape(shape), "reshaped"  # a 1×1 convolution and a dense layer
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) and array.ndim == 4
    if depthwise and array.shape == (*shape[:2], 1, shape[2]):
        array, how = array.reshape(shape), "reshaped"  # a convolution of as many groups
    if array.shape == shape:
        return array, how
    if array.ndim == 4 and array.shape[2] == 3 and array[:, :, 0].shape == (*shape[:2], shape[3]):
        return _other_channels(array, shape[2]), "adapted to the channels"
    return None, how


def _from_torch(layer: keras.layers.Layer, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(out, in, …) as Keras has it: (…, in, out); of a dense layer behind a map, by its cells."""
    if array.ndim == 4:
        turned = array.transpose(2, 3, 1, 0)
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        return turned.transpose(0, 1, 3, 2) if depthwise else turned
    before = _flattened(layer)
    if before is None:
        return array.T
    height, width, channels = before
    cells = array.reshape(-1, channels, height, width).transpose(2, 3, 1, 0)
    return cells.reshape(-1, array.shape[0])


def _flattened(layer: keras.layers.Layer) -> tuple[int, ...] | None:
    """The map that a `Flatten` right before a layer, but for dropout, has unrolled."""
    while isinstance(before := layer.input._keras_history.operation, keras.layers.Dropout):
        layer = before
    return tuple(before.input.shape[1:]) if isinstance(before, keras.layers.Flatten) else None


def _other_channels(kernel: np.ndarray, channels: int) -> np.ndarray:
    """A kernel for other images: of one channel the sum of the three, of n each repeated · 3/n."""
    if channels == 1:
        return kernel.sum(axis=2, keepdims=True)
    repeated = np.take(kernel, np.arange(channels) % 3, axis=2)
    return repeated * (3 / channels)
