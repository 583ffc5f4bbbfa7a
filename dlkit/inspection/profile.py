"""What a model is made of, and what it costs: a row a layer."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from dlkit.inspection import costs, tables
from dlkit.inspection.errors import InspectionError
from dlkit.inspection.field import Field, fields
from dlkit.inspection.graph import Call, Graph, trace

HEADINGS = ("layer", "kind", "output", ">parameters", ">trainable", ">MACs", ">neurons", ">field",
            ">stride")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Row:
    """A layer.

    Attributes:
        name: the layer's; inside a nested model after that one's, as in `backbone/conv1`.
        kind: its class.
        output_shape: without the batch.
        params: all values that it holds.
        trainable: those that training changes.
        macs: multiply-adds for one example, over all uses of the layer.
        neurons: values that a convolution or a dense layer gives, over all its uses.
        receptive_field: pixels of the input that one value depends on, one number a direction;
            None where it is the whole, empty where the input has no directions.
        stride: pixels of the input from one value to the next; None and empty as there.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    params: int
    trainable: int
    macs: int
    neurons: int
    receptive_field: tuple[float, ...] | None
    stride: tuple[float, ...] | None


@dataclasses.dataclass(frozen=True)
class Profile:
    """A model's layers and their sums; `str()` prints them as a table.

    Attributes:
        model: its name.
        input_shape: without the batch.
        rows: the layers in their order.
        params: all values that the model holds, `model.count_params()`.
        trainable: those that training changes.
        uncounted: layers that multiply by a kernel and have no MACs here, being neither
            convolutions nor dense layers.
    """

    model: str
    input_shape: tuple[int, ...]
    rows: tuple[Row, ...]
    params: int
    trainable: int
    uncounted: tuple[str, ...] = ()

    @property
    def macs(self) -> int:
        """Multiply-adds for one example."""
        return sum(row.macs for row in self.rows)

    @property
    def neurons(self) -> int:
        """Values that the convolutions and dense layers give for one example."""
        return sum(row.neurons for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        sums = {"macs": self.macs, "neurons": self.neurons}
        rows = [dataclasses.asdict(row) for row in own.pop("rows")]
        return {**own, **sums, "layers": rows}

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.model}, input {tables.sizes(self.input_shape)}",
                "",
                tables.table(HEADINGS, map(_cells, self.rows)),
                "",
                f"{self.params:,} parameters, {self.trainable:,} trainable; "
                f"{_multiplied(self.macs)}; {self.neurons:,} neurons",
                *_not_counted(self.uncounted),
            ]
        )


def profile(model: keras.Model, input_shape: Sequence[int] | None = None) -> Profile:
    """Counts parameters, multiply-adds and neurons, and follows the receptive field.

    Multiply-adds are those of convolutions (grouped, depthwise, separable, transposed) and dense
    layers, padding counted as if it were pixels; this is what GMAC and "FLOPs" of papers mean.
    Biases, norms, activations and poolings count as 0. Nothing is computed, so that it takes a
    fraction of a second.

    Args:
        model: functional or sequential; models inside it are looked into.
        input_shape: (height, width, channels), where the model takes several.

    Raises:
        InspectionError: the model's layers are no graph, it takes no images of this shape, or it
            takes several and none was given.

    Example:
        >>> found = dlkit.profile(dlkit.create_model("lenet5"))
        >>> found.params, found.macs, found.neurons
        (61706, 416520, 6518)
    """
    graph = _traced(model, input_shape)
    seen = fields(graph)
    uses: dict[int, list[Call]] = {}
    names: dict[int, str] = {}
    for name, call in _flat(graph):
        uses.setdefault(id(call.operation), []).append(call)
        names.setdefault(id(call.operation), name)
    weights = {id(weight): weight for weight in model.weights}.values()
    trainable = {id(weight): weight for weight in model.trainable_weights}.values()
    return Profile(
        model=model.name,
        input_shape=tuple(graph.inputs[0].shape[1:]),
        rows=tuple(_row(names[key], calls, seen) for key, calls in uses.items()),
        params=_size(weights),
        trainable=_size(trainable),
        uncounted=tuple(
            names[key] for key, calls in uses.items() if not costs.is_counted(calls[0].operation)
        ),
    )


def _traced(model: keras.Model, input_shape: Sequence[int] | None) -> Graph:
    graph = trace(model, None if input_shape is None else [(None, *input_shape)])
    for tensor in graph.inputs:
        if None in tensor.shape[1:]:
            known = (224 if side is None else side for side in tensor.shape[1:])
            raise InspectionError(
                f"{model.name} takes inputs of {tables.sizes(tensor.shape[1:])}, and what it costs "
                "depends on their size.",
                f"Say it: profile(model, input_shape={tuple(known)})",
            )
    return graph


def _flat(graph: Graph, path: str = "") -> Iterator[tuple[str, Call]]:
    """The calls and their layers' names, those of nested models in their place."""
    for call in graph.calls:
        name = path + call.operation.name
        if call.inner:
            yield from _flat(call.inner, f"{name}/")
        else:
            yield name, call


def _row(name: str, calls: Sequence[Call], seen: dict[int, Field]) -> Row:
    layer, given = calls[0].operation, calls[0].outputs[0]
    field = seen[id(given)]
    whole = math.inf in field.size
    return Row(
        name=name,
        kind=type(layer).__name__,
        output_shape=tuple(given.shape[1:]),
        params=_size(getattr(layer, "weights", ())),
        trainable=_size(getattr(layer, "trainable_weights", ())),
        macs=sum(map(costs.macs, calls)),
        neurons=sum(map(costs.neurons, calls)),
        receptive_field=None if whole else tuple(map(_plain, field.size)),
        stride=None if whole and not any(field.stride) else tuple(map(_plain, field.stride)),
    )


def _size(weights) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _plain(number: float) -> float | int:
    return int(number) if number == int(number) else number


def _cells(row: Row) -> list[str]:
    numbers = [tables.amount(n) for n in (row.params, row.trainable, row.macs, row.neurons)]
    seen = "all" if row.receptive_field is None else _square(row.receptive_field)
    return [row.name, row.kind, tables.sizes(row.output_shape), *numbers, seen,
            _square(row.stride or ())]  # fmt: skip


def _square(sizes: tuple[float, ...]) -> str:
    """One number where all directions have the same."""
    return tables.sizes(sizes[:1] if len(set(sizes)) == 1 else sizes)


def _multiplied(macs: int) -> str:
    return f"{macs / 1e9:.3f} GMAC" if macs >= 1e6 else f"{macs:,} multiply-adds"


def _not_counted(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return [f"without the multiply-adds of what is neither convolution nor dense: {shown}"]
