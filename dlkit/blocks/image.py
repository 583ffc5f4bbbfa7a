"""Where images enter a model, and the preprocessing that is part of it."""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from dlkit.blocks.errors import BlockError
from dlkit.layers import ReverseChannels

Preprocess = Callable[[keras.KerasTensor], keras.KerasTensor]


def image_input(
    input_shape: Sequence[int | None],
    preprocess: Preprocess | None = None,
    *,
    minimum: int = 1,
    any_size: bool = False,
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The model's input and the tensor that its first block takes.

    The input is float32 with values in [0, 255] under every precision policy. uint8 images are
    accepted as they are: Keras casts them on the way in.

    Args:
        input_shape: (height, width, channels) in pixels.
        preprocess: from the input to what the network was designed for; None leaves pixels alone.
        minimum: the least height and width that leave something after the last stride.
        any_size: whether height and width may be None.

    Returns:
        The input `(batch, height, width, channels)`, and the same preprocessed.

    Raises:
        BlockError: the shape is no image's, or smaller than `minimum`.
    """
    shape = _image_shape(input_shape, any_size)
    if any(side is not None and side < minimum for side in shape[:2]):
        raise BlockError(
            f"images of {shape[0]}×{shape[1]} are too small for this network: after its strides "
            f"nothing would be left. The minimum is {minimum}×{minimum}.",
            f"Enlarge them: input_shape=({minimum}, {minimum}, {shape[2]}) or more",
        )
    image = keras.Input(shape, dtype="float32", name="image")
    return image, preprocess(image) if preprocess else image


def standardize(
    x, mean: float | Sequence[float], std: float | Sequence[float], name: str = "preprocessing"
) -> keras.KerasTensor:
    """Centres and scales each channel: y = (x - mean) / std, as one float32 layer without weights.

    Args:
        x: `(batch, height, width, channels)` in [0, 255].
        mean: in pixel values: one for all channels, or one a channel. Where the images have
            another number of channels (gray ones, say), the mean of the given values serves all.
        std: as `mean`.
        name: of the layer.
    """
    mean, std = (_per_channel(value, x.shape[-1]) for value in (mean, std))
    return keras.layers.Rescaling(
        scale=(1 / std).tolist(), offset=(-mean / std).tolist(), dtype="float32", name=name
    )(x)


def caffe(x) -> keras.KerasTensor:
    """Colors as blue, green, red, less ImageNet's means: what VGG and ResNet were published for.

    Images without color lose the mean of the three means.
    """
    if x.shape[-1] == 3:
        x = ReverseChannels(dtype="float32", name="reverse_channels")(x)
    return standardize(x, mean=(103.939, 116.779, 123.68), std=1.0)


def symmetric(x) -> keras.KerasTensor:
    """[0, 255] to [-1, 1]: what Inception, Xception and MobileNet were published for."""
    return standardize(x, mean=127.5, std=127.5)


def imagenet(x) -> keras.KerasTensor:
    """ImageNet's means and deviations of red, green and blue: what torch's models take."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return standardize(x, mean=[255 * m for m in mean], std=[255 * s for s in std])


def _per_channel(values: float | Sequence[float], channels: int) -> np.ndarray:
    """One value, or as many as there are channels; never three for one (Keras would broadcast)."""
    values = np.asarray(values, "float64")
    return values if values.shape in ((), (channels,)) else values.mean()


def _image_shape(input_shape: Sequence[int | None], any_size: bool) -> tuple[int | None, ...]:
    shape = tuple(input_shape)
    sides = [side for side in shape[:2] if not (any_size and side is None)]
    counts = [*sides, *shape[2:]]
    if len(shape) != 3 or not all(isinstance(n, int | np.integer) and n > 0 for n in counts):
        free = " (height and width may be None)" if any_size else ""
        raise BlockError(
            f"input_shape={shape} is not the shape of images: (height, width, channels), three "
            f"whole numbers above 0{free}.",
            "Give all three: input_shape=(32, 32, 1)",
        )
    return tuple(None if n is None else int(n) for n in shape)
