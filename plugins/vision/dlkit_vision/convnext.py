"""ConvNeXt: a ResNet brought up to date, part by part, until it matched transformers.

Source: Liu, Mao, Wu, Feichtenhofer, Darrell, Xie, "A ConvNet for the 2020s", arXiv:2201.03545,
table 9.
"""

from functools import partial

import keras
import numpy as np

from dlkit import blocks

NORMAL = {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}
STYLE = blocks.Style(
    conv=partial(keras.layers.Conv2D, kernel_initializer=NORMAL),
    norm=partial(keras.layers.LayerNormalization, epsilon=1e-6),
    act=partial(keras.layers.Activation, "gelu"),
    dense=partial(keras.layers.Dense, kernel_initializer=NORMAL),
)

NETWORKS = {  # channels and blocks of each stage
    "convnext-tiny": ((96, 192, 384, 768), (3, 3, 9, 3)),
}


def convnext(
    name: str,
    /,
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    pooling: str = "average",
    dropout: float = 0.0,
    drop_path: float = 0.1,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """One of `NETWORKS`, in the form of `keras.applications`.

    Args:
        name: of the network.
        num_classes: classes to tell apart; 0 gives the pooled and normalised features.
        input_shape: (height, width, channels) in pixels, 32×32 or more; None for any height or
            width.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        drop_path: how often training leaves a residual branch out: never in the first block, this
            share in the last, in even steps between.
        include_preprocessing: whether the model takes [0, 255]; without, what
            `blocks.imagenet` gives.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such pooling.
    """
    channels, depths = NETWORKS[name]
    preprocess = blocks.imagenet if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 224×224×3
    rates = iter(np.linspace(0.0, drop_path, sum(depths)).tolist())
    for stage, (filters, depth) in enumerate(zip(channels, depths, strict=True), start=2):
        if stage == 2:
            x = STYLE.conv(filters, 4, 4, name="conv1_conv")(x)  # 56×56×96
            x = STYLE.norm(name="conv1_norm")(x)
        else:  # 28×28×192, 14×14×384, 7×7×768
            x = STYLE.norm(name=f"conv{stage}_norm")(x)
            x = STYLE.conv(filters, 2, 2, name=f"conv{stage}_conv")(x)
        for n in range(1, depth + 1):
            place = f"conv{stage}_block{n}"
            x = blocks.convnext_block(x, drop_path=next(rates), style=STYLE, name=place)
    x = blocks.classifier(x, 0, pooling=pooling)  # without classes it pools, and no more
    x = STYLE.norm(name="post_norm")(x)
    x = blocks.classifier(
        x, num_classes, dropout=dropout, activation=classifier_activation, style=STYLE
    )
    return keras.Model(image, x, name=name)


convnext_tiny = partial(convnext, "convnext-tiny")
