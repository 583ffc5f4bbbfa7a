"""Residual networks for ImageNet, and what widens, groups or weighs their blocks.

A stem of stride 4, then four stages of blocks y = act(F(x) + x) on a quarter to a thirty-second of
the image's side.

Sources: ResNet, He et al., arXiv:1512.03385, table 1; ResNeXt, Xie et al., arXiv:1611.05431; wide,
Zagoruyko and Komodakis, arXiv:1605.07146; SE, Hu et al., arXiv:1709.01507.
"""

from functools import partial

import keras

from dlkit import blocks

RESNEXT = partial(blocks.bottleneck, groups=32)
NETWORKS = {  # the block, and how many of it each stage has
    "resnet18": (blocks.basic, (2, 2, 2, 2)),
    "resnet34": (blocks.basic, (3, 4, 6, 3)),
    "resnet50": (blocks.bottleneck, (3, 4, 6, 3)),
    "resnet101": (blocks.bottleneck, (3, 4, 23, 3)),
    "resnet152": (blocks.bottleneck, (3, 8, 36, 3)),
    "resnext50-32x4d": (partial(RESNEXT, widen=2), (3, 4, 6, 3)),
    "resnext101-32x8d": (partial(RESNEXT, widen=4), (3, 4, 23, 3)),
    "wide-resnet50-2": (partial(blocks.bottleneck, widen=2), (3, 4, 6, 3)),
    "se-resnet50": (partial(blocks.bottleneck, attention=blocks.squeeze_excite), (3, 4, 6, 3)),
}
FILTERS = (64, 128, 256, 512)  # of the stages; bottlenecks end in four times as many
CAFFE = ("paper", "keras")  # the styles that were published for Caffe's preprocessing


def resnet(
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
    """One of `NETWORKS`.

    The paper's release has a bias on the first convolution of ResNet-50 alone, which the norm
    behind it undoes; it is left out here, so that 25,557,032 stand for its 25,557,096 parameters.

    Args:
        name: of the network.
        num_classes: classes to tell apart; 0 gives the pooled features.
        input_shape: (height, width, channels) in pixels, 32×32 or more; None for any height or
            width.
        style: a name in `blocks.STYLES`, or a `blocks.Style`. `"torch"` has the step in the 3×3
            convolution; `"paper"` in the first, and Caffe's preprocessing; `"keras"` is the network
            of `keras.applications`, with a bias on every convolution.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        include_preprocessing: whether the model takes [0, 255]; without, what its style's
            preprocessing gives.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such style or pooling.
    """
    block, depths = NETWORKS[name]
    dialect = blocks.style(style)
    ready = blocks.caffe if style in CAFFE else blocks.imagenet
    preprocess = ready if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 224×224×3
    x = blocks.conv_norm_act(x, 64, 7, 2, style=dialect, name="conv1")  # 112×112×64
    padding = "same" if style == "paper" else "centred"
    x = blocks.pool(x, "max", 3, 2, padding=padding, name="pool1")  # 56×56×64
    for stage, (filters, depth) in enumerate(zip(FILTERS, depths, strict=True), start=2):
        for n in range(1, depth + 1):  # 56×56, 28×28, 14×14, 7×7
            strides = 2 if n == 1 and stage > 2 else 1
            place = f"conv{stage}_block{n}"
            x = block(x, filters, strides, style=dialect, shortcut=blocks.projected, name=place)
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation,
        style=dialect,
    )  # fmt: skip
    return keras.Model(image, x, name=name)


resnet18 = partial(resnet, "resnet18")
resnet34 = partial(resnet, "resnet34")
resnet50 = partial(resnet, "resnet50")
resnet101 = partial(resnet, "resnet101")
resnet152 = partial(resnet, "resnet152")
resnext50_32x4d = partial(resnet, "resnext50-32x4d")
resnext101_32x8d = partial(resnet, "resnext101-32x8d")
wide_resnet50_2 = partial(resnet, "wide-resnet50-2")
se_resnet50 = partial(resnet, "se-resnet50")
