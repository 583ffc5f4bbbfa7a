"""VGG's networks: nothing but 3×3 convolutions, poolings by two, and three dense layers.

Two 3×3 convolutions see what one of 5×5 does with 18 weights in place of 25 for each pair of
channels. Names count layers with weights. Those with "-bn" normalise after every convolution.

Source: Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
arXiv:1409.1556, table 1.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks

DEPTHS = {  # convolutions of each stage: the table's columns A, B, D and E
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
FILTERS = (64, 128, 256, 512, 512)  # of the stages
PREPROCESSING = {"keras": blocks.caffe}  # for which those weights were published


def vgg(
    name: str,
    /,
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    style: str | blocks.Style = "torch",
    pooling: str | None = None,
    dropout: float = 0.5,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """One of `DEPTHS`, also with "-bn" behind.

    Args:
        name: of the network.
        num_classes: classes to tell apart; 0 gives the 4096 features before them.
        input_shape: (height, width, channels) in pixels, 32×32 or more; with a pooling, None for
            any height or width.
        style: a name in `blocks.STYLES`, or a `blocks.Style`. They differ in initial values and
            norms, and `"keras"` has Caffe's preprocessing; convolutions have a bias in all.
        pooling: None for two dense layers of 4096 before the last; `"average"` or `"max"` pools
            the last map in their place, which leaves a ninth of VGG-16's parameters.
        dropout: the share of features left out before each of the last two layers in training.
        include_preprocessing: whether the model takes [0, 255]; without, what its style's
            preprocessing gives.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such style or pooling.
    """
    dialect = blocks.style(style)
    norm = dialect.norm if name.endswith("-bn") else None
    dialect = replace(dialect, conv=partial(dialect.conv, use_bias=True), norm=norm)
    preprocess = PREPROCESSING.get(style, blocks.imagenet) if include_preprocessing else None
    any_size = pooling is not None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=any_size)
    rows = zip(FILTERS, DEPTHS[name.removesuffix("-bn")], strict=True)
    for stage, (filters, depth) in enumerate(rows, start=1):  # 224×224×3
        for n in range(1, depth + 1):  # 224×224, 112×112, 56×56, 28×28, 14×14
            x = blocks.conv_norm_act(x, filters, 3, style=dialect, name=f"conv{stage}_{n}")
        x = blocks.pool(x, "max", name=f"pool{stage}")
    if not pooling:  # 7×7×512
        x = blocks.dense_act(x, 4096, style=dialect, name="fc6")
        x = blocks.dense_act(x, 4096, style=dialect, dropout=dropout, name="fc7")
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation,
        style=dialect,
    )  # fmt: skip
    return keras.Model(image, x, name=name)


vgg11 = partial(vgg, "vgg11")
vgg13 = partial(vgg, "vgg13")
vgg16 = partial(vgg, "vgg16")
vgg19 = partial(vgg, "vgg19")
vgg11_bn = partial(vgg, "vgg11-bn")
vgg13_bn = partial(vgg, "vgg13-bn")
vgg16_bn = partial(vgg, "vgg16-bn")
vgg19_bn = partial(vgg, "vgg19-bn")
