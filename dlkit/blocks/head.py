"""The end of a classifier."""

import keras

from dlkit.blocks.errors import BlockError, choose
from dlkit.blocks.style import Style
from dlkit.layers import ClassifierOutput

GLOBAL_POOLINGS = {
    "average": keras.layers.GlobalAveragePooling2D,
    "max": keras.layers.GlobalMaxPooling2D,
}


def classifier(
    x,
    num_classes: int,
    *,
    pooling: str | None = None,
    activation: str | None = "softmax",
    dropout: float = 0.0,
    style: Style | None = None,
) -> keras.KerasTensor:
    """Global pooling if asked, a dense layer, and float32 probabilities.

    The layers are named `{pooling}_pool`, `dropout`, `logits` and `predictions`.

    Args:
        x: `(batch, features)`, or `(batch, height, width, channels)` with a pooling.
        num_classes: classes to tell apart; 0 leaves the features as they are.
        pooling: `"average"`, `"max"`, or None where x has no height and width.
        activation: `"softmax"`, `"sigmoid"` (several classes may be true at once), or None for
            logits.
        dropout: the share of features that is left out at each step of training.
        style: whose dense layer; Keras' own when None.

    Returns:
        `(batch, num_classes)` float32, or `(batch, features)` where `num_classes` is 0.

    Raises:
        BlockError: a negative number of classes, or another pooling.
        ClassifierError: another activation.
    """
    if num_classes < 0:
        raise BlockError(
            f"num_classes={num_classes} is no number of classes.",
            "Give the number of classes, or features alone: num_classes=0",
        )
    if pooling:
        x = choose("pooling", pooling, GLOBAL_POOLINGS)(name=f"{pooling}_pool")(x)
    if num_classes == 0:
        return x
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    dense = style.dense if style else keras.layers.Dense
    logits = dense(num_classes, name="logits")(x)
    return ClassifierOutput(activation, name="predictions")(logits)
