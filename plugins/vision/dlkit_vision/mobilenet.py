"""MobileNet: convolutions taken apart, into one within each channel and one across them.

A 3×3 convolution costs 9 · channels multiplications an output; taken apart, 9 + channels.

Source: Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam, "MobileNets: Efficient
Convolutional Neural Networks for Mobile Vision Applications", arXiv:1704.04861, table 1.
"""

from functools import partial

import keras

from dlkit import blocks

# The published weights were trained with statistics of momentum .9997, which follow only after
# thousands of steps; the momentum does not matter to the weights.
STYLE = blocks.Style(
    conv=partial(keras.layers.Conv2D, padding="same", use_bias=False),
    norm=partial(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-3),
    act=partial(keras.layers.Activation, "relu6"),
    dense=keras.layers.Dense,
)

# Stage: number, channels, blocks, step of the first block.
STAGES = ((2, 64, 1, 1), (3, 128, 2, 2), (4, 256, 2, 2), (5, 512, 6, 2), (6, 1024, 2, 2))


def mobilenet(
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    alpha: float = 1.0,
    pooling: str = "average",
    dropout: float = 0.001,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """MobileNet in the form of `keras.applications`.

    Args:
        num_classes: classes to tell apart; 0 gives the pooled features.
        input_shape: (height, width, channels) in pixels, 32×32 or more; None for any height or
            width.
        alpha: the share of the paper's channels that every layer has; published weights are of
            .25, .5, .75 and 1.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        include_preprocessing: whether the model takes [0, 255]; without, [-1, 1].
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, alpha leaves no channels, or no such pooling.
    """
    preprocess = blocks.symmetric if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 224×224×3
    x = blocks.conv_norm_act(x, blocks.scaled(32, alpha), 3, 2, style=STYLE, name="conv1")
    for stage, channels, depth, step in STAGES:  # 112×112, 56×56, 28×28, 14×14, 7×7
        for n in range(1, depth + 1):
            place, strides = f"conv{stage}_block{n}", step if n == 1 else 1
            filters = blocks.scaled(channels, alpha)
            x = blocks.depthwise_separable(x, filters, strides, style=STYLE, name=place)
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation
    )
    return keras.Model(image, x, name="mobilenet")
