"""AlexNet, the network that won ImageNet's competition of 2012.

Five convolutions and three dense layers. The paper prints images of 224×224 and computes on maps
of 55×55, which takes 227. Its "650,000 neurons" are the outputs of those eight layers, 659,272;
the paper's own list of them opens with 253,440, where 55·55·96 is 290,400.

Sources: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
Networks", NeurIPS 2012, doi:10.1145/3065386; of the form without groups, Krizhevsky,
arXiv:1404.5997.
"""

from functools import partial

import keras

from dlkit import blocks
from dlkit.blocks.errors import choose
from dlkit.layers import LocalResponseNorm

KERNELS = ((11, 4), (5, 1), (3, 1), (3, 1), (3, 1))  # the side and the step of each convolution
PAPER = ((96, 256, 384, 384, 256), (1, 2, 1, 2, 2))  # two GPUs saw half the channels each
TORCH = ((64, 192, 384, 256, 256), (1, 1, 1, 1, 1))
MEAN = partial(blocks.standardize, mean=(123.68, 116.779, 103.939), std=1.0)

VARIANTS = {  # filters and groups, norm, zeros around the image, preprocessing
    "paper": (PAPER, LocalResponseNorm, 0, MEAN),
    "caffe": (PAPER, partial(LocalResponseNorm, k=1.0, alpha=2e-5), 0, blocks.caffe),
    "torch": (TORCH, None, 2, blocks.imagenet),
}

# The paper draws all kernels from N(0, 0.01²) and helps some layers with biases of one; without,
# a ten-thousandth of the signal arrives. Convolutions begin as He's here, which keep its size. What
# dense layers draw from is a description, of which each makes its own; an object draws but once.
NORMAL = {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.01}}
STYLE = blocks.Style(
    conv=partial(keras.layers.Conv2D, kernel_initializer="he_normal"),
    norm=None,
    act=partial(keras.layers.Activation, "relu"),
    dense=partial(keras.layers.Dense, kernel_initializer=NORMAL),
)


def alexnet(
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (227, 227, 3),
    variant: str = "paper",
    pooling: str | None = None,
    dropout: float = 0.5,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """AlexNet, 60,965,224 parameters.

    Args:
        num_classes: classes to tell apart; 0 gives the 4096 features before them.
        input_shape: (height, width, channels) in pixels, 67×67 or more, 63×63 for `"torch"`; with
            a pooling, None for any height or width.
        variant: `"paper"`; `"caffe"`, with other constants in the norm and Caffe's preprocessing;
            `"torch"`, with neither norm nor groups and fewer channels (61,100,840 parameters).
        pooling: None for two dense layers of 4096 before the last; `"average"` or `"max"` pools
            the last map in their place.
        dropout: the share of features left out before each of the last two layers in training;
            torchvision's network has both a layer earlier.
        include_preprocessing: whether the model takes [0, 255]; without, what its variant's
            preprocessing gives.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such variant or pooling.
    """
    (filters, groups), norm, margin, preprocess = choose("variant", variant, VARIANTS)
    preprocess = preprocess if include_preprocessing else None
    least, any_size = 67 - 2 * margin, pooling is not None
    image, x = blocks.image_input(input_shape, preprocess, minimum=least, any_size=any_size)
    if margin:
        x = keras.layers.ZeroPadding2D(margin, name="conv1_pad")(x)
    rows = zip(filters, KERNELS, groups, strict=True)
    for n, (channels, (side, strides), parts) in enumerate(rows, start=1):  # 227×227×3
        padding = "valid" if n == 1 else "same"  # 55×55×96, 27×27×256, 13×13×384, ×384, ×256
        x = STYLE.conv(channels, side, strides, padding, groups=parts, name=f"conv{n}_conv")(x)
        x = STYLE.act(name=f"conv{n}_act")(x)
        if norm and n in (1, 2):
            x = norm(name=f"conv{n}_norm")(x)
        if n in (1, 2, 5):
            x = blocks.pool(x, "max", 3, 2, name=f"pool{n}")  # 27×27×96, 13×13×256, 6×6×256
    if not pooling:
        x = blocks.dense_act(x, 4096, style=STYLE, name="fc6")
        x = blocks.dense_act(x, 4096, style=STYLE, dropout=dropout, name="fc7")
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation,
        style=STYLE,
    )  # fmt: skip
    return keras.Model(image, x, name="alexnet" if variant == "paper" else f"alexnet-{variant}")
