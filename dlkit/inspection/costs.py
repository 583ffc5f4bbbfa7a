"""What a layer costs: multiply-adds, and the neurons that it has.

Padding is counted as if it were pixels, which is how published figures are counted.
"""

import math
from collections.abc import Callable

import keras

from dlkit.inspection.graph import Call


def macs(call: Call) -> int:
    """Multiply-adds for one example; 0 for what is no convolution and no dense layer."""
    rule = _rule(call.operation)
    return rule(call) if rule else 0


def neurons(call: Call) -> int:
    """Values that a convolution or a dense layer gives for one example; 0 for other layers."""
    return math.prod(call.outputs[0].shape[1:]) if _rule(call.operation) else 0


def is_counted(operation: keras.Operation) -> bool:
    """Whether `macs` knows all that such a layer multiplies.

    Layers with a kernel that it does not know: attention, recurrent cells, one's own.
    """
    if _rule(operation) or isinstance(operation, keras.layers.Embedding):
        return True
    return not any(len(weight.shape) > 1 for weight in getattr(operation, "weights", ()))


def _convolution(call: Call) -> int:
    """Each place of the output takes one product with every value of the kernel.

    The kernel is `(height, width, channels / groups, filters)`, so grouped and depthwise ones are
    right too.
    """
    return _places(call.operation, call.outputs[0]) * math.prod(call.operation.kernel.shape)


def _separable(call: Call) -> int:
    """A depthwise and a pointwise kernel, one after the other, both at the output's places."""
    kernels = (call.operation.depthwise_kernel, call.operation.pointwise_kernel)
    return _places(call.operation, call.outputs[0]) * sum(math.prod(k.shape) for k in kernels)


def _transposed(call: Call) -> int:
    """Each place of the input is spread by the whole kernel."""
    return _places(call.operation, call.inputs[0]) * math.prod(call.operation.kernel.shape)


def _dense(call: Call) -> int:
    """One product with the kernel for each vector: tokens and pixels have many."""
    vectors = math.prod(call.outputs[0].shape[1:-1])
    return vectors * math.prod(call.operation.kernel.shape)


def _places(layer: keras.layers.Layer, tensor: keras.KerasTensor) -> int:
    first = layer.data_format == "channels_first"
    return math.prod(tensor.shape[2:] if first else tensor.shape[1:-1])


def _of(*names: str) -> tuple[type, ...]:
    return tuple(getattr(keras.layers, name) for name in names)


_RULES: dict[tuple[type, ...], Callable[[Call], int]] = {  # the first that fits
    _of("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"): _transposed,
    _of("SeparableConv1D", "SeparableConv2D"): _separable,
    _of("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"): _convolution,
    _of("Dense"): _dense,
}


def _rule(operation: keras.Operation) -> Callable[[Call], int] | None:
    return next((rule for kinds, rule in _RULES.items() if isinstance(operation, kinds)), None)
