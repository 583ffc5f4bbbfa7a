"""What a network looks for in its first layer, and what any layer makes of an image."""

import keras
import numpy as np

from dlkit.inspection import graph, places
from dlkit.inspection import images as feed
from dlkit.inspection.errors import InspectionError
from dlkit.layers import ReverseChannels


def feature_maps(
    model: keras.Model, images: np.ndarray, level: str | None = None, batch_size: int = 16
) -> np.ndarray:
    """What a layer gives for images.

    Args:
        model: functional or sequential.
        images: what it takes, `(batch, height, width, channels)` in [0, 255].
        level: a level or a layer; by default the last map of more than one place.
        batch_size: images at a time.

    Returns:
        `(batch, rows, columns, channels)` float32 where the layer gives a map.

    Raises:
        InspectionError: the images do not fit, or there is no such level.
    """
    plain = graph.functional(model)
    name = places.last_map(model) if level is None else places.layer_at(model, level)
    probe = keras.Model(plain.input, graph.output(plain, name))
    given = [probe(batch, training=False) for _, batch in feed.batches(plain, images, batch_size)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in given]).astype("float32")


def filters(model: keras.Model, layer: str | None = None) -> np.ndarray:
    """The kernel of a convolution, by default of the first.

    Where the model turns colors to blue, green, red before it, the channels are turned back, so
    that those of the first layer are the image's own.

    Args:
        model: functional or sequential.
        layer: the convolution's name.

    Returns:
        `(height, width, channels in, filters)` float32.

    Raises:
        InspectionError: there is no such layer, or none that convolves an image.
    """
    plain = graph.functional(model)
    wanted = plain.layers if layer is None else [plain.get_layer(places.layer_at(model, layer))]
    found = next((one for one in wanted if _kernel(one) is not None), None)
    if found is None:
        raise InspectionError(
            f"{model.name} has no two-dimensional convolution{' ' + repr(layer) if layer else ''}.",
            "See its layers: model.summary()",
        )
    kernel = keras.ops.convert_to_numpy(_kernel(found)).astype("float32")
    return kernel[:, :, ::-1] if _is_reversed(plain, found) else kernel


def _kernel(layer: keras.layers.Layer):
    if not isinstance(layer, keras.layers.Layer) or isinstance(layer, keras.layers.Dense):
        return None
    kernel = getattr(layer, "depthwise_kernel", None)  # of a separable convolution
    kernel = getattr(layer, "kernel", None) if kernel is None else kernel
    return kernel if kernel is not None and len(kernel.shape) == 4 else None


def _is_reversed(model: keras.Model, layer: keras.layers.Layer) -> bool:
    before = graph.leading_to(model, layer.name)
    turned = any(isinstance(model.get_layer(name), ReverseChannels) for name in before)
    kernels = [name for name in before if _kernel(model.get_layer(name)) is not None]
    return turned and kernels == [layer.name]
