"""Inception v3: large windows taken apart, 7×7 into 1×7 and 7×1.

This is the form of `keras.applications`. Norms have no gain, since the convolutions behind can
scale as well.

Source: Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, "Rethinking the Inception Architecture for
Computer Vision", arXiv:1512.00567.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks

# A branch lists its layers: (filters, window), (filters, window, step), a pooling, or a list of
# branches that the map goes on to. What makes a step sees whole windows only.
FORK = [[(384, (1, 3))], [(384, (3, 1))]]
GRID8 = [  # figure 7
    [(320, 1)],
    [(384, 1), FORK],
    [(448, 1), (384, 3), FORK],
    ["average", (192, 1)],
]


def _grid35(projection: int) -> list:
    """Figure 5: windows of 1, 5 and, as two of 3, also 5."""
    thrice = [(64, 1), (96, 3), (96, 3)]
    return [[(64, 1)], [(48, 1), (64, 5)], thrice, ["average", (projection, 1)]]


def _grid17(width: int) -> list:
    """Figure 6: windows of 7, and of two times 7, as pairs of 1×7 and 7×1."""
    row, column = (width, (1, 7)), (width, (7, 1))
    once = [(width, 1), row, (192, (7, 1))]
    twice = [(width, 1), column, row, column, (192, (1, 7))]
    return [[(192, 1)], once, twice, ["average", (192, 1)]]


BLOCKS = {
    "mixed0": _grid35(32),
    "mixed1": _grid35(64),
    "mixed2": _grid35(64),
    "mixed3": [[(384, 3, 2)], [(64, 1), (96, 3), (96, 3, 2)], ["max"]],
    "mixed4": _grid17(128),
    "mixed5": _grid17(160),
    "mixed6": _grid17(160),
    "mixed7": _grid17(192),
    "mixed8": [
        [(192, 1), (320, 3, 2)],
        [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)],
        ["max"],
    ],
    "mixed9": GRID8,
    "mixed10": GRID8,
}

STYLE = blocks.Style(
    conv=partial(keras.layers.Conv2D, padding="same", use_bias=False),
    norm=partial(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-3, scale=False),
    act=partial(keras.layers.Activation, "relu"),
    dense=keras.layers.Dense,
)
WHOLE = replace(STYLE, conv=partial(STYLE.conv, padding="valid"))
POOLINGS = {"average": {"strides": 1, "padding": "same"}, "max": {"strides": 2}}


def _branch(x, rows: list, name: str) -> keras.KerasTensor:
    """The layers of one branch."""
    for i, row in enumerate(rows, start=1):
        place = f"{name}_{i}"
        if isinstance(row, str):
            x = blocks.pool(x, row, 3, **POOLINGS[row], name=place)
        elif isinstance(row, list):
            x = _block(x, row, place)
        else:
            x = blocks.conv_norm_act(x, *row, style=WHOLE if len(row) > 2 else STYLE, name=place)
    return x


def _block(x, branches: list, name: str) -> keras.KerasTensor:
    """Branches side by side; the n-th one's layers are `{name}_{n}_1`, `{name}_{n}_2`, …."""
    named = enumerate(branches, start=1)
    ready = [partial(_branch, rows=rows, name=f"{name}_{n}") for n, rows in named]
    return blocks.parallel(x, *ready, name=name)


def inception_v3(
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (299, 299, 3),
    pooling: str = "average",
    dropout: float = 0.0,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Inception v3, 23,817,352 trainable parameters.

    Args:
        num_classes: classes to tell apart; 0 gives the 2048 pooled features.
        input_shape: (height, width, channels) in pixels, 75×75 or more; None for any height or
            width.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        include_preprocessing: whether the model takes [0, 255]; without, [-1, 1].
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such pooling.
    """
    preprocess = blocks.symmetric if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=75, any_size=True)  # 299×299×3
    x = blocks.conv_norm_act(x, 32, 3, 2, style=WHOLE, name="conv1")  # 149×149×32
    x = blocks.conv_norm_act(x, 32, 3, style=WHOLE, name="conv2")  # 147×147×32
    x = blocks.conv_norm_act(x, 64, 3, style=STYLE, name="conv3")  # 147×147×64
    x = blocks.pool(x, "max", 3, 2, name="pool3")  # 73×73×64
    x = blocks.conv_norm_act(x, 80, 1, style=STYLE, name="conv4")  # 73×73×80
    x = blocks.conv_norm_act(x, 192, 3, style=WHOLE, name="conv5")  # 71×71×192
    x = blocks.pool(x, "max", 3, 2, name="pool5")  # 35×35×192
    for name, branches in BLOCKS.items():
        x = _block(x, branches, name)  # 35×35×288, 17×17×768, 8×8×2048
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation
    )
    return keras.Model(image, x, name="inception-v3")
