"""EfficientNet-B0: a network found by search, of inverted bottlenecks that weigh their channels.

Source: Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
arXiv:1905.11946, table 1.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks
from dlkit.blocks.errors import choose
from dlkit.blocks.style import centred_conv

HE = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"},
}

# The published weights were trained with statistics of momentum .99; see `mobilenet`.
STYLE = blocks.Style(
    conv=partial(keras.layers.Conv2D, padding="same", use_bias=False, kernel_initializer=HE),
    norm=partial(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-3),
    act=partial(keras.layers.Activation, "silu"),
    dense=keras.layers.Dense,
)
TORCH = replace(
    STYLE,
    conv=partial(centred_conv, use_bias=False, kernel_initializer=HE),
    norm=partial(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-5),
)
STYLES = {"keras": (STYLE, "same"), "torch": (TORCH, "centred")}  # and of depthwise the padding

# Stage: number, expansion, side of the kernel, channels, blocks, step of the first block.
STAGES = (
    (2, 1, 3, 16, 1, 1),
    (3, 6, 3, 24, 2, 2),
    (4, 6, 5, 40, 2, 2),
    (5, 6, 3, 80, 3, 2),
    (6, 6, 5, 112, 3, 1),
    (7, 6, 5, 192, 4, 2),
    (8, 6, 3, 320, 1, 1),
)
BLOCKS = sum(stage[4] for stage in STAGES)


def efficientnet_b0(
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    style: str = "keras",
    pooling: str = "average",
    dropout: float = 0.2,
    drop_path: float = 0.2,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """EfficientNet-B0, 5,288,548 trainable parameters.

    Args:
        num_classes: classes to tell apart; 0 gives the pooled features.
        input_shape: (height, width, channels) in pixels, 32×32 or more; None for any height or
            width.
        style: `"keras"` is the form of `keras.applications`; `"torch"` is torchvision's, which pads
            alike on all sides.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        drop_path: how often training leaves a residual branch out: from never in the first block
            to nearly this share in the last.
        include_preprocessing: whether the model takes [0, 255]; without, what
            `blocks.imagenet` gives.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such style or pooling.
    """
    dialect, padding = choose("style", style, STYLES)
    preprocess = blocks.imagenet if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 224×224×3
    x = blocks.conv_norm_act(x, 32, 3, 2, style=dialect, name="conv1")  # 112×112×32
    rates = iter(drop_path * i / BLOCKS for i in range(BLOCKS))
    for stage, expand, kernel_size, filters, depth, step in STAGES:  # from 112×112 to 7×7
        # A quarter of the channels that enter the block, whatever it expands them to.
        attention = partial(blocks.squeeze_excite, reduction=4 * expand)
        for n in range(1, depth + 1):
            x = blocks.inverted_bottleneck(
                x, filters, step if n == 1 else 1, expand=expand, kernel_size=kernel_size,
                attention=attention, drop_path=next(rates), padding=padding, style=dialect,
                name=f"conv{stage}_block{n}",
            )  # fmt: skip
    x = blocks.conv_norm_act(x, 1280, 1, style=dialect, name="conv9")  # 7×7×1280
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation
    )
    return keras.Model(image, x, name="efficientnet-b0")
