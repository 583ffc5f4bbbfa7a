"""Fully connected layers before a classifier's last."""

import keras

from dlkit.blocks.style import Style


def dense_act(x, units: int, *, style: Style, name: str, dropout: float = 0.0) -> keras.KerasTensor:
    """A dense layer and the style's activation, of a map's every pixel where x is one.

    Args:
        x: `(batch, features)`, or `(batch, height, width, channels)`, which is flattened.
        units: features of the output.
        style: whose dense layer and activation.
        name: the place of the layers, `{name}_flatten`, `{name}_dropout`, `{name}_dense` and
            `{name}_act`.
        dropout: the share of the input's features that is left out at each step of training.

    Returns:
        `(batch, units)`.
    """
    if len(x.shape) > 2:
        x = keras.layers.Flatten(name=f"{name}_flatten")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return style.act(name=f"{name}_act")(style.dense(units, name=f"{name}_dense")(x))
