"""An array of a published file, brought into the shape that a variable of ours takes."""

import keras
import numpy as np


def fitted(
    layer: keras.layers.Layer, variable: keras.Variable, array: np.ndarray, kind: str
) -> tuple[np.ndarray | None, str]:
    """The array as the variable takes it and what was done to it; None where nothing fits it.

    Args:
        layer: whose variable it is.
        variable: where the array is to go.
        array: as the file has it.
        kind: of the file's layout, `"keras"` or `"torch"`.
    """
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
