"""Residual networks whose blocks begin with norm and activation, so that x passes unchanged.

This is the form of `keras.applications`: each stage but the last makes its step in its last block,
and the norm after the sums is the network's last.

Source: He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", arXiv:1603.05027.
"""

from functools import partial

import keras

from dlkit import blocks

DEPTHS = {  # blocks of each stage
    "resnet50-v2": (3, 4, 6, 3),
    "resnet101-v2": (3, 4, 23, 3),
    "resnet152-v2": (3, 8, 36, 3),
}
FILTERS = (64, 128, 256, 512)  # of the stages; bottlenecks end in four times as many


def resnet_v2(
    name: str,
    /,
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    style: str | blocks.Style = "keras",
    pooling: str = "average",
    dropout: float = 0.0,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """One of `DEPTHS`. Arguments as of `dlkit_vision.resnet.resnet`; images are taken to [-1, 1].

    In the style `"keras"` the convolutions that no norm follows have a bias, as in the published
    weights; in the others none has.
    """
    dialect = blocks.style(style)
    preprocess = blocks.symmetric if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 224×224×3
    x = dialect.conv(64, 7, 2, name="conv1_conv")(x)  # 112×112×64
    x = blocks.pool(x, "max", 3, 2, padding="centred", name="pool1")  # 56×56×64
    for stage, (filters, depth) in enumerate(zip(FILTERS, DEPTHS[name], strict=True), start=2):
        for n in range(1, depth + 1):  # 28×28, 14×14, 7×7, 7×7
            strides = 2 if n == depth and stage < 5 else 1
            place = f"conv{stage}_block{n}"
            x = blocks.preact_bottleneck(x, filters, strides, style=dialect, name=place)
    x = blocks.norm_act(x, style=dialect, name="post")
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation,
        style=dialect,
    )  # fmt: skip
    return keras.Model(image, x, name=name)


resnet50_v2 = partial(resnet_v2, "resnet50-v2")
resnet101_v2 = partial(resnet_v2, "resnet101-v2")
resnet152_v2 = partial(resnet_v2, "resnet152-v2")
