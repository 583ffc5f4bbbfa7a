"""A model's graph, walked use by use of its layers, with the shapes that go through it.

Keras' own cloning function leads through the graph. A stand-in that knows the shapes alone takes
each layer's place, so that nothing is computed, no weight is made, and the model stays as it is.
"""

import dataclasses
from collections.abc import Sequence

import keras

from dlkit.inspection import tables
from dlkit.inspection.errors import InspectionError


@dataclasses.dataclass(frozen=True)
class Call:
    """One use of a layer.

    Attributes:
        operation: the layer, or one of `keras.ops`.
        inputs: the tensors that it takes; they are another call's outputs, or the graph's inputs.
        outputs: the tensors that it gives.
        inner: the graph inside, where the layer is itself a model.
    """

    operation: keras.Operation
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]
    inner: "Graph | None" = None


@dataclasses.dataclass(frozen=True)
class Graph:
    """The calls of a model, each after those whose outputs it takes."""

    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]
    calls: list[Call]


def functional(model: keras.Model) -> keras.Model:
    """A plain functional model over the very layers of `model`, and not compiled.

    Raises:
        InspectionError: its layers are no graph.
    """
    if isinstance(model, keras.Sequential) and getattr(model, "inputs", None):
        return keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    if not hasattr(model, "operations"):
        raise InspectionError(
            f"{model.name}: its layers are no graph to look into, or it has no input yet.",
            "Build it by keras.Model(inputs, outputs), or begin a Sequential with keras.Input",
        )
    return keras.Model(model.input, model.output, name=model.name)


def trace(model: keras.Model, shapes: Sequence[Sequence[int | None]] | None = None) -> Graph:
    """Walks through a functional or sequential model.

    Args:
        model: the model.
        shapes: of its inputs, batch included; those it was built with when None.

    Raises:
        InspectionError: its layers are no graph, or it takes no inputs of these shapes.
    """
    plain = functional(model)
    if shapes is None:
        shapes = [tensor.shape for tensor in plain.inputs]
    elif not _fit(shapes, plain.inputs):
        raise _refused(model, shapes, f"it was built for {_said(plain.inputs)}.")
    inputs = [
        keras.Input(batch_shape=shape, dtype=tensor.dtype, name=tensor.name)
        for tensor, shape in zip(plain.inputs, shapes, strict=True)
    ]
    calls: list[Call] = []

    def follow(operation: keras.Operation, *args, **kwargs):
        outputs = _Shapes(operation)(*args, **kwargs)
        calls.append(Call(operation, _tensors((args, kwargs)), _tensors(outputs),
                          _inside(operation, _tensors(args))))  # fmt: skip
        return outputs

    try:
        walked = keras.models.clone_model(
            plain,
            input_tensors=keras.tree.pack_sequence_as(plain.input, inputs),
            clone_function=lambda operation: operation,
            call_function=follow,
        )
    except ValueError as error:  # too small an image, say
        raise _refused(model, shapes, " ".join(str(error).split())) from error
    return Graph(inputs, walked.outputs, calls)


def leading_to(model: keras.Model, name: str) -> set[str]:
    """The names of the layers that a layer's output depends on, and its own."""
    plain = functional(model)
    return {layer.name for layer in keras.Model(plain.input, output(plain, name)).layers}


def output(model: keras.Model, name: str) -> keras.KerasTensor:
    """What a layer of a functional model gives.

    Raises:
        InspectionError: it gives several tensors.
    """
    found = model.get_layer(name).output
    if not isinstance(found, keras.KerasTensor):
        raise InspectionError(
            f"{model.name}: layer {name!r} gives several tensors.",
            "Choose one that gives a single one: model.summary() lists them",
        )
    return found


def producers(model: keras.Model) -> dict[int, keras.layers.Layer]:
    """The layer that gives a tensor, by the tensor's id; of a functional model."""
    return {id(tensor): layer for layer in model.layers for tensor in _tensors(layer.output)}


class _Shapes(keras.Operation):
    """Takes a layer's place: gives tensors of the shapes that the layer would give."""

    def __init__(self, operation: keras.Operation):
        super().__init__()
        self.operation = operation

    def compute_output_spec(self, *args, **kwargs):
        return self.operation.compute_output_spec(*args, **kwargs)


def _fit(shapes: Sequence[Sequence[int | None]], inputs: list[keras.KerasTensor]) -> bool:
    return len(shapes) == len(inputs) and all(
        len(shape) == len(tensor.shape)
        and all(wanted in (None, side) for wanted, side in zip(tensor.shape, shape, strict=True))
        for shape, tensor in zip(shapes, inputs, strict=True)
    )


def _refused(model: keras.Model, shapes: Sequence, reason: str) -> InspectionError:
    given = " and ".join(tables.sizes(shape[1:]) for shape in shapes)
    return InspectionError(
        f"{model.name} takes no input of {given}: {reason}",
        f"Build it for that size: create_model(…, input_shape={tuple(shapes[0][1:])})",
    )


def _said(tensors: list[keras.KerasTensor]) -> str:
    return " and ".join(tables.sizes(tensor.shape[1:]) for tensor in tensors)


def _inside(operation: keras.Operation, inputs: list[keras.KerasTensor]) -> Graph | None:
    if isinstance(operation, keras.Sequential) or hasattr(operation, "operations"):
        return trace(operation, [tensor.shape for tensor in inputs])
    return None


def _tensors(nest) -> list[keras.KerasTensor]:
    return [leaf for leaf in keras.tree.flatten(nest) if isinstance(leaf, keras.KerasTensor)]
