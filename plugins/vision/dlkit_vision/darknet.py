"""Darknet-19 and Darknet-53, the networks that YOLO's second and third versions stand on.

Both halve the map five times and double its channels; Darknet-19 by pooling, Darknet-53 by
convolutions, with shortcuts around its pairs.

Sources: Redmon, Farhadi, "YOLO9000: Better, Faster, Stronger", arXiv:1612.08242, table 6; "YOLOv3:
An Incremental Improvement", arXiv:1804.02767, table 1.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks

STYLE = replace(blocks.STYLES["paper"], act=partial(keras.layers.LeakyReLU, 0.1))

NETWORKS = {  # whether it is residual, and the pairs of each stage
    "darknet19": (False, (0, 1, 1, 2, 2)),
    "darknet53": (True, (1, 2, 8, 8, 4)),
}
UNIT = partial(blocks.standardize, mean=0.0, std=255.0)


def darknet(
    name: str,
    /,
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    pooling: str = "average",
    dropout: float = 0.0,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """One of `NETWORKS`.

    Darknet-19 ends in a 1×1 convolution whose maps are averaged; here the averages go through a
    dense layer, which gives the same numbers.

    Args:
        name: of the network.
        num_classes: classes to tell apart; 0 gives the pooled features.
        input_shape: (height, width, channels) in pixels, 32×32 or more; None for any height or
            width. Detectors take multiples of 32.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        include_preprocessing: whether the model takes [0, 255]; without, [0, 1].
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such pooling.
    """
    residual, depths = NETWORKS[name]
    preprocess = UNIT if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 256×256×3
    x = blocks.conv_norm_act(x, 32, 3, style=STYLE, name="conv1")  # 256×256×32
    for stage, depth in enumerate(depths, start=2):  # 128×128×64 … 8×8×1024
        if not residual:
            x = blocks.pool(x, "max", padding="same", name=f"pool{stage - 1}")
        strides, filters = 2 if residual else 1, 16 * 2**stage
        x = blocks.conv_norm_act(x, filters, 3, strides, style=STYLE, name=f"conv{stage}")
        for n in range(1, depth + 1):
            place = f"conv{stage}_block{n}"
            x = blocks.darknet_block(x, has_shortcut=residual, style=STYLE, name=place)
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation,
        style=STYLE,
    )  # fmt: skip
    return keras.Model(image, x, name=name)


darknet19 = partial(darknet, "darknet19")
darknet53 = partial(darknet, "darknet53")
