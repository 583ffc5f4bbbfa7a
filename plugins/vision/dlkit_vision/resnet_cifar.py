"""The small residual networks of CIFAR-10, and the plain networks that they outdo.

6n + 2 layers: one convolution, three stages of n pairs of 3×3 convolutions on 32, 16 and 8 pixels
with 16, 32 and 64 channels, and a dense layer. The shortcuts have no parameters (option A), so a
residual network and its plain twin have exactly as many.

Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", §4.2,
arXiv:1512.03385.
"""

from functools import partial

import keras

from dlkit import blocks

# Of CIFAR-10's training images, red, green and blue. The paper subtracts the mean image; the
# mean color and its deviation are what reproductions use, and they fit images of any size.
COLORS = partial(blocks.standardize, mean=(125.3, 123.0, 113.9), std=(63.0, 62.1, 66.7))

# The paper's output stages: number, channels, step of the first convolution.
STAGES = ((2, 16, 1), (3, 32, 2), (4, 64, 2))


def cifar_resnet(
    n: int,
    *,
    shortcut: blocks.Shortcut | None,
    name: str,
    num_classes: int,
    input_shape: tuple[int | None, int | None, int],
    style: str | blocks.Style,
    include_preprocessing: bool,
    classifier_activation: str | None,
) -> keras.Model:
    """A network of 6n + 2 layers.

    Args:
        n: blocks a stage.
        shortcut: `blocks.zero_padded`, or None for the plain network.
        name: of the model.
        num_classes: classes to tell apart; 0 gives the 64 pooled features.
        input_shape: (height, width, channels) in pixels, 4×4 or more; None for any height or
            width.
        style: a name in `blocks.STYLES`, or a `blocks.Style`. `"paper"` and `"torch"` have the
            paper's number of parameters; `"keras"` adds a bias to every convolution.
        include_preprocessing: whether the model standardises [0, 255] itself.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such style.
    """
    style = blocks.style(style)
    preprocess = COLORS if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=4, any_size=True)  # 32×32×3
    x = blocks.conv_norm_act(x, 16, 3, style=style, name="conv1")  # 32×32×16
    for stage, filters, strides in STAGES:  # 32×32×16, 16×16×32, 8×8×64
        for block in range(1, n + 1):
            x = blocks.basic(
                x,
                filters,
                strides if block == 1 else 1,
                style=style,
                shortcut=shortcut,
                name=f"conv{stage}_block{block}",
            )
    x = blocks.classifier(
        x, num_classes, pooling="average", activation=classifier_activation, style=style
    )
    return keras.Model(image, x, name=name)


def resnet20(
    *,
    num_classes: int = 10,
    input_shape: tuple[int | None, int | None, int] = (32, 32, 3),
    style: str | blocks.Style = "paper",
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """ResNet-20 of CIFAR-10: n = 3, 269,722 trainable parameters. See `cifar_resnet`."""
    return cifar_resnet(
        3,
        shortcut=blocks.zero_padded,
        name="resnet20",
        num_classes=num_classes,
        input_shape=input_shape,
        style=style,
        include_preprocessing=include_preprocessing,
        classifier_activation=classifier_activation,
    )


def resnet56(
    *,
    num_classes: int = 10,
    input_shape: tuple[int | None, int | None, int] = (32, 32, 3),
    style: str | blocks.Style = "paper",
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """ResNet-56 of CIFAR-10: n = 9, 853,018 trainable parameters. See `cifar_resnet`."""
    return cifar_resnet(
        9,
        shortcut=blocks.zero_padded,
        name="resnet56",
        num_classes=num_classes,
        input_shape=input_shape,
        style=style,
        include_preprocessing=include_preprocessing,
        classifier_activation=classifier_activation,
    )


def plain20(
    *,
    num_classes: int = 10,
    input_shape: tuple[int | None, int | None, int] = (32, 32, 3),
    style: str | blocks.Style = "paper",
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """ResNet-20 without its shortcuts. See `cifar_resnet`."""
    return cifar_resnet(
        3,
        shortcut=None,
        name="plain20",
        num_classes=num_classes,
        input_shape=input_shape,
        style=style,
        include_preprocessing=include_preprocessing,
        classifier_activation=classifier_activation,
    )


def plain56(
    *,
    num_classes: int = 10,
    input_shape: tuple[int | None, int | None, int] = (32, 32, 3),
    style: str | blocks.Style = "paper",
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """ResNet-56 without its shortcuts: deeper than `plain20`, and worse even on its training data.

    See `cifar_resnet`.
    """
    return cifar_resnet(
        9,
        shortcut=None,
        name="plain56",
        num_classes=num_classes,
        input_shape=input_shape,
        style=style,
        include_preprocessing=include_preprocessing,
        classifier_activation=classifier_activation,
    )
