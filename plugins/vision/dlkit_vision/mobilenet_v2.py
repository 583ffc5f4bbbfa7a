"""MobileNetV2: residual blocks turned inside out, narrow between and wide within.

Source: Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: Inverted Residuals and Linear
Bottlenecks", arXiv:1801.04381, table 2.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks
from dlkit.blocks.errors import choose
from dlkit.blocks.style import centred_conv
from dlkit_vision.mobilenet import STYLE

TORCH = replace(
    STYLE,
    conv=partial(centred_conv, use_bias=False),
    norm=partial(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-5),
)
STYLES = {  # constructors, padding of depthwise convolutions, preprocessing
    "keras": (STYLE, "same", blocks.symmetric),
    "torch": (TORCH, "centred", blocks.imagenet),
}

# Stage: number, expansion, channels, blocks, step of the first block (the paper's t, c, n, s).
STAGES = (
    (2, 1, 16, 1, 1),
    (3, 6, 24, 2, 2),
    (4, 6, 32, 3, 2),
    (5, 6, 64, 4, 2),
    (6, 6, 96, 3, 1),
    (7, 6, 160, 3, 2),
    (8, 6, 320, 1, 1),
)


def mobilenet_v2(
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    alpha: float = 1.0,
    style: str = "keras",
    pooling: str = "average",
    dropout: float = 0.0,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """MobileNetV2, 3,504,872 trainable parameters.

    Arguments as of `dlkit_vision.mobilenet.mobilenet`. Channels are multiples of 8; the last
    convolution's 1280 are not made fewer by an alpha below 1. Keras' weights are of alpha .35, .5,
    .75, 1, 1.3 and 1.4.

    `style="keras"` is the form of `keras.applications`; `"torch"` is torchvision's, which pads
    alike on all sides and takes ImageNet's means and deviations.

    Raises:
        BlockError: as of `mobilenet`, or there is no such style.
    """
    dialect, padding, ready = choose("style", style, STYLES)
    preprocess = ready if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 224×224×3
    x = blocks.conv_norm_act(x, blocks.scaled(32, alpha, 8), 3, 2, style=dialect, name="conv1")
    for stage, expand, channels, depth, step in STAGES:  # from 112×112 to 7×7
        for n in range(1, depth + 1):
            place, strides = f"conv{stage}_block{n}", step if n == 1 else 1
            x = blocks.inverted_bottleneck(
                x, blocks.scaled(channels, alpha, 8), strides, expand=expand, style=dialect,
                padding=padding, name=place,
            )  # fmt: skip
    filters = blocks.scaled(1280, max(1.0, alpha), 8)
    x = blocks.conv_norm_act(x, filters, 1, style=dialect, name="conv9")  # 7×7×1280
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation
    )
    return keras.Model(image, x, name="mobilenet-v2")
