"""The small residual networks of CIFAR-10, and the plain networks that they outdo.

6n + 2 layers: one convolution, three stages of n pairs of 3×3 convolutions on 32, 16 and 8 pixels
with 16, 32 and 64 channels, and a dense layer. The shortcuts have no parameters (option A), so a
residual network and its plain twin have exactly as many.

Sources: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", §4.2,
arXiv:1512.03385; of the pre-activation networks (v2), arXiv:1603.05027.
"""

from functools import partial

import keras

from dlkit import blocks

# Of CIFAR-10's training images, red, green and blue. The paper subtracts the mean image; the
# mean color and its deviation are what reproductions use, and they fit images of any size.
COLORS = partial(blocks.standardize, mean=(125.3, 123.0, 113.9), std=(63.0, 62.1, 66.7))

# The paper's output stages: number, channels, step of the first convolution.
STAGES = ((2, 16, 1), (3, 32, 2), (4, 64, 2))

PLAIN = partial(blocks.basic, shortcut=None)
FIRST = partial(blocks.preact_basic, activated=True)
NETWORKS = {  # the first block, the others, and how many of them a stage has
    **{f"plain{6 * n + 2}": (PLAIN, PLAIN, n) for n in (3, 5, 7, 9, 18)},
    **{f"resnet{6 * n + 2}": (blocks.basic, blocks.basic, n) for n in (3, 5, 7, 9, 18)},
    **{f"resnet{6 * n + 2}-v2": (FIRST, blocks.preact_basic, n) for n in (3, 9, 18)},
}


def cifar_resnet(
    name: str,
    /,
    *,
    num_classes: int = 10,
    input_shape: tuple[int | None, int | None, int] = (32, 32, 3),
    style: str | blocks.Style = "paper",
    pooling: str = "average",
    dropout: float = 0.0,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """One of `NETWORKS`.

    Args:
        name: of the network.
        num_classes: classes to tell apart; 0 gives the 64 pooled features.
        input_shape: (height, width, channels) in pixels, 4×4 or more; None for any height or
            width.
        style: a name in `blocks.STYLES`, or a `blocks.Style`. `"paper"` and `"torch"` have the
            paper's number of parameters; `"keras"` adds a bias to every convolution.
        pooling: `"average"` or `"max"`.
        dropout: the share of features left out before the classifier in training.
        include_preprocessing: whether the model standardises [0, 255] itself.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such style or pooling.
    """
    block, others, n = NETWORKS[name]
    dialect = blocks.style(style)
    preprocess = COLORS if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=4, any_size=True)  # 32×32×3
    x = blocks.conv_norm_act(x, 16, 3, style=dialect, name="conv1")  # 32×32×16
    for stage, filters, step in STAGES:  # 32×32×16, 16×16×32, 8×8×64
        for i in range(1, n + 1):
            strides = step if i == 1 else 1
            x = block(x, filters, strides, style=dialect, name=f"conv{stage}_block{i}")
            block = others
    if name.endswith("-v2"):
        x = blocks.norm_act(x, style=dialect, name="post")
    x = blocks.classifier(
        x, num_classes, pooling=pooling, dropout=dropout, activation=classifier_activation,
        style=dialect,
    )  # fmt: skip
    return keras.Model(image, x, name=name)


plain20 = partial(cifar_resnet, "plain20")
plain32 = partial(cifar_resnet, "plain32")
plain44 = partial(cifar_resnet, "plain44")
plain56 = partial(cifar_resnet, "plain56")
plain110 = partial(cifar_resnet, "plain110")
resnet20 = partial(cifar_resnet, "resnet20")
resnet32 = partial(cifar_resnet, "resnet32")
resnet44 = partial(cifar_resnet, "resnet44")
resnet56 = partial(cifar_resnet, "resnet56")
resnet110 = partial(cifar_resnet, "resnet110")
resnet20_v2 = partial(cifar_resnet, "resnet20-v2")
resnet56_v2 = partial(cifar_resnet, "resnet56-v2")
resnet110_v2 = partial(cifar_resnet, "resnet110-v2")
