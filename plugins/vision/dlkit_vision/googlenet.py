"""GoogLeNet, whose modules look through windows of several sizes at once.

Nine modules on maps of 28, 14 and 7 pixels, then the mean over what is left of the image. "12 times
fewer parameters" than AlexNet is the abstract's; the network of its table has 6,998,552, a ninth.

Source: Szegedy et al., "Going Deeper with Convolutions", arXiv:1409.4842, table 1 and §5.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks
from dlkit.blocks.errors import BlockError, choose
from dlkit.layers import ClassifierOutput, LocalResponseNorm

MODULES = {  # 1×1; 3×3's reduction, 3×3; 5×5's reduction, 5×5; the pooled map's projection
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
PAPER = replace(blocks.STYLES["keras"], norm=None)
TORCH = replace(blocks.STYLES["torch"], norm=partial(blocks.STYLES["torch"].norm, epsilon=1e-3))

# The paper gives its norm no constants; these are of the network published for Caffe.
NORM = partial(LocalResponseNorm, k=1.0, alpha=2e-5)

VARIANTS = {  # constructors, local norm, the largest window, that of the last pooling, images
    "paper": (PAPER, NORM, 5, 3, blocks.caffe),
    "torch": (TORCH, None, 3, 2, blocks.symmetric),
}


def googlenet(
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    variant: str = "paper",
    auxiliary: bool = False,
    pooling: str = "average",
    dropout: float = 0.4,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """GoogLeNet, 6,998,552 parameters; 13,378,280 with its auxiliary heads.

    The heads bring gradients to the middle of the network in training, where their losses count
    three tenths. Such a model has three outputs, of the same classes and in the order of the losses
    below, and takes every label three times; afterwards the heads are left behind:

        >>> model = googlenet(auxiliary=True)
        >>> losses = 3 * ["sparse_categorical_crossentropy"]
        >>> model.compile("adam", losses, loss_weights=[1.0, 0.3, 0.3])
        >>> model.fit(images.map(lambda image, label: (image, (label, label, label))))
        >>> trained = keras.Model(model.input, model.get_layer("predictions").output)

    Args:
        num_classes: classes to tell apart; 0 gives the 1024 pooled features.
        input_shape: (height, width, channels) in pixels, 32×32 or more, and None for any height or
            width; with auxiliary heads 79×79 or more.
        variant: `"paper"`; `"torch"`, with batch normalisation for the local one and 3×3 windows
            for those of 5×5 (6,624,904 parameters).
        auxiliary: whether the outputs are three: `predictions`, `auxiliary1` and `auxiliary2`.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        include_preprocessing: whether the model takes [0, 255]; without, what its variant's
            preprocessing gives.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32, or to
        three of them.

    Raises:
        BlockError: the images are too small, there is no such variant or pooling, or auxiliary
            heads have no classes.
    """
    style, norm, large, last, preprocess = choose("variant", variant, VARIANTS)
    if auxiliary and not num_classes:
        raise BlockError(
            "auxiliary heads tell classes apart, and there are none.",
            "Give num_classes=… above 0, or leave auxiliary=True out",
        )
    preprocess = preprocess if include_preprocessing else None
    conv = partial(blocks.conv_norm_act, style=style)
    least = 79 if auxiliary else 32
    image, x = blocks.image_input(input_shape, preprocess, minimum=least, any_size=not auxiliary)
    x = conv(x, 64, 7, 2, name="conv1")  # 112×112×64
    x = blocks.ceil_pool(x, 3, 2, name="pool1")  # 56×56×64
    x = norm(name="pool1_norm")(x) if norm else x
    x = conv(x, 64, 1, name="conv2_reduce")
    x = conv(x, 192, 3, name="conv2")  # 56×56×192
    x = norm(name="conv2_norm")(x) if norm else x
    x = blocks.ceil_pool(x, 3, 2, name="pool2")  # 28×28×192
    taps = []
    for place, filters in MODULES.items():  # 28×28×480, 14×14×832, 7×7×1024
        x = blocks.inception(x, filters, large=large, style=style, name=f"inception_{place}")
        taps += [x] if auxiliary and place in ("4a", "4d") else []
        if place in ("3b", "4e"):
            size = 3 if place == "3b" else last
            x = blocks.ceil_pool(x, size, 2, name=f"pool{place[0]}")
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation,
        style=style,
    )  # fmt: skip
    heads = [
        auxiliary_head(tap, num_classes, classifier_activation, style=style, name=f"auxiliary{n}")
        for n, tap in enumerate(taps, start=1)
    ]
    name = "googlenet" if variant == "paper" else f"googlenet-{variant}"
    return keras.Model(image, [x, *heads] if auxiliary else x, name=name)


def auxiliary_head(
    x, num_classes: int, activation: str | None, *, style: blocks.Style, name: str
) -> keras.KerasTensor:
    """A small classifier on a map of 14×14: 4×4×128 numbers, 1024 units, and the classes.

    Both variants pool as the paper does; torchvision's 4×4 windows stand a pixel or two elsewhere.
    """
    x = blocks.pool(x, "average", 5, 3, name=f"{name}_pool")  # 4×4
    x = blocks.conv_norm_act(x, 128, 1, style=style, name=name)
    x = blocks.dense_act(x, 1024, style=style, name=f"{name}_fc")
    x = keras.layers.Dropout(0.7, name=f"{name}_dropout")(x)
    x = style.dense(num_classes, name=f"{name}_logits")(x)
    return ClassifierOutput(activation, name=name)(x)
