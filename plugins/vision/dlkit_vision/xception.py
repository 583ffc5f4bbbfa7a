"""Xception: Inception's idea carried to its end, space and channels in separate convolutions.

36 convolutions in 14 blocks, all but the first and the last with a shortcut. This is the form of
`keras.applications`.

Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", arXiv:1610.02357,
figure 5.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks

BLOCKS = (  # from the second: filters of the separable convolutions; pairs end in a step
    *((128, 128), (256, 256), (728, 728)),
    *((728, 728, 728) for _ in range(8)),
    (728, 1024),
)
LAST = (1536, 2048)

STYLE = blocks.Style(
    conv=partial(keras.layers.Conv2D, padding="same", use_bias=False),
    norm=partial(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-3),
    act=partial(keras.layers.Activation, "relu"),
    dense=keras.layers.Dense,
)
WHOLE = replace(STYLE, conv=partial(STYLE.conv, padding="valid"))


def xception(
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (299, 299, 3),
    pooling: str = "average",
    dropout: float = 0.0,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Xception, 22,855,952 trainable parameters.

    Args:
        num_classes: classes to tell apart; 0 gives the 2048 pooled features.
        input_shape: (height, width, channels) in pixels, 32×32 or more; None for any height or
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
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 299×299×3
    x = blocks.conv_norm_act(x, 32, 3, 2, style=WHOLE, name="block1_1")  # 149×149×32
    x = blocks.conv_norm_act(x, 64, 3, style=WHOLE, name="block1_2")  # 147×147×64
    for block, filters in enumerate(BLOCKS, start=2):  # 74×74, 37×37, 19×19 up to 12, 10×10
        place, y = f"block{block}", x
        for n, channels in enumerate(filters, start=1):
            if (block, n) != (2, 1):  # whose input is activated already
                y = STYLE.act(name=f"{place}_{n}_act")(y)
            y = blocks.separable_norm(y, channels, style=STYLE, name=f"{place}_{n}")
        if len(filters) == 2:
            y = blocks.pool(y, "max", 3, 2, padding="same", name=f"{place}_pool")
            x = blocks.conv_norm(x, filters[-1], 1, 2, style=STYLE, name=f"{place}_0")
        x = keras.layers.Add(name=f"{place}_add")([y, x])  # the order of the published weights
    for n, channels in enumerate(LAST, start=1):  # 10×10×2048
        x = blocks.separable_norm(x, channels, style=STYLE, name=f"block14_{n}")
        x = STYLE.act(name=f"block14_{n}_act")(x)
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation
    )
    return keras.Model(image, x, name="xception")
