"""Images on their way into a model that is looked at."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from dlkit.inspection.errors import InspectionError


def check(model: keras.Model, images: np.ndarray) -> None:
    """Holds images against what a model takes.

    Raises:
        InspectionError: there are none, or the model takes others.
    """
    shape, takes = np.shape(images), tuple(model.inputs[0].shape)
    alike = len(shape) == len(takes)
    sides = zip(takes, shape, strict=False)
    if alike and shape[0] and all(expected in (None, side) for expected, side in sides):
        return
    if shape and not shape[0]:
        raise InspectionError(f"{model.name} was given no images.", "Give one or more")
    single = len(shape) == len(takes) - 1
    raise InspectionError(
        f"{model.name} takes (batch, {', '.join(map(_side, takes[1:]))}), and the images are "
        f"{shape}.",
        "Give a batch of one: images[None]"
        if single
        else "Resize the images, or build the model for theirs: create_model(…, input_shape=…)",
    )


def batches(model: keras.Model, images: np.ndarray, size: int) -> Iterator[tuple[slice, tf.Tensor]]:
    """The images as float32 tensors of at most `size` rows, and which rows they are.

    Raises:
        InspectionError: as `check` does, or of no such size.
    """
    check(model, images)
    if not isinstance(size, int) or size < 1:
        raise InspectionError(
            f"batch_size={size!r} is no number of images.", "Give a whole number: batch_size=16"
        )
    for start in range(0, len(images), size):
        rows = slice(start, start + size)
        yield rows, tf.convert_to_tensor(np.asarray(images[rows]), tf.float32)


def _side(side: int | None) -> str:
    return "any" if side is None else str(side)
