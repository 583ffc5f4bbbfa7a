"""Densely connected networks: every layer of a block sees the maps of all before it.

Source: Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks",
arXiv:1608.06993, table 1 (the form with bottlenecks and compression, "DenseNet-BC").
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks

DEPTHS = {  # layers of each dense block
    "densenet121": (6, 12, 24, 16),
    "densenet169": (6, 12, 32, 32),
    "densenet201": (6, 12, 48, 32),
}
GROWTH = 32  # the channels that each layer adds, the paper's k


def densenet(
    name: str,
    /,
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    style: str | blocks.Style = "torch",
    pooling: str = "average",
    dropout: float = 0.0,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """One of `DEPTHS`.

    No convolution has a bias, whatever the style: the norms behind would take it out again.

    Args:
        name: of the network.
        num_classes: classes to tell apart; 0 gives the pooled features.
        input_shape: (height, width, channels) in pixels, 32×32 or more; None for any height or
            width.
        style: a name in `blocks.STYLES`, or a `blocks.Style`. They differ by their initial values
            and norms alone; `"keras"` is the network of `keras.applications`.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        include_preprocessing: whether the model takes [0, 255]; without, what
            `blocks.imagenet` gives.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such style or pooling.
    """
    dialect = blocks.style(style)
    dialect = replace(dialect, conv=partial(dialect.conv, use_bias=False))
    preprocess = blocks.imagenet if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 224×224×3
    x = blocks.conv_norm_act(x, 2 * GROWTH, 7, 2, style=dialect, name="conv1")  # 112×112×64
    x = blocks.pool(x, "max", 3, 2, padding="centred", name="pool1")  # 56×56×64
    for stage, depth in enumerate(DEPTHS[name], start=2):  # 56×56, 28×28, 14×14, 7×7
        for n in range(1, depth + 1):
            x = blocks.dense_layer(x, GROWTH, style=dialect, name=f"conv{stage}_block{n}")
        if stage < 5:
            x = blocks.transition(x, style=dialect, name=f"pool{stage}")
    x = blocks.norm_act(x, style=dialect, name="post")
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation,
        style=dialect,
    )  # fmt: skip
    return keras.Model(image, x, name=name)


densenet121 = partial(densenet, "densenet121")
densenet169 = partial(densenet, "densenet169")
densenet201 = partial(densenet, "densenet201")
