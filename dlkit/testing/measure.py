"""What a built model has of the things that a manifest declares."""

import math

import keras

from dlkit import registry
from dlkit.registry import errors, spec

GROWTH = 64  # pixels: a multiple of every usual stride


def counts(model: keras.Model) -> dict[str, int]:
    """`params`, the trainable ones, and `variables`, all that the model holds."""
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return {"params": trainable, "variables": model.count_params()}


def levels(entry: spec.ModelSpec, model: keras.Model) -> dict[str, dict[str, int]]:
    """Stride and channels of each declared level, as the model has them.

    The stride is by how many pixels the input grows for one more cell; the ratio of the sizes is
    not it, where borders are not padded.

    Raises:
        DlkitError: a level's layer is not there, or the model cannot be built with a larger input.
    """
    height, width, channels = entry.input_shape
    larger = registry.create(
        "model",
        entry.full_name,
        num_classes=0,
        input_shape=(height + GROWTH, width + GROWTH, channels),
    )
    found = {}
    for key in entry.levels:
        small, large = (_layer(entry, key, built).output.shape for built in (model, larger))
        cells = large[1] - small[1] if len(small) == 4 else 0
        found[key] = {"stride": round(GROWTH / cells) if cells else 0, "channels": small[-1]}
    return found


def _layer(entry: spec.ModelSpec, key: str, model: keras.Model) -> keras.layers.Layer:
    layers = {layer.name: layer for layer in model.layers}
    wanted = entry.levels[key].layer
    if wanted not in layers:
        raise errors.DlkitError(
            f"{entry.display_name}: levels.{key}: there is no layer {wanted!r}."
            f"{errors.suggestion(wanted, layers)}",
            f"Name one in its manifest: {entry.where}",
        )
    return layers[wanted]
