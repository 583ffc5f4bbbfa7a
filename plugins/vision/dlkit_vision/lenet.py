"""LeNet-5, the network that read cheques.

The layers carry the paper's names: C convolves, S subsamples, F is fully connected. This is the
dense form of today: C3 sees all six maps of S2 (the paper wires a table of them), S2 and S4 have
no coefficients, and ten logits stand for the paper's RBF units. The paper counts 60,000
parameters; this form has 61,706.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition",
Proceedings of the IEEE 86(11), 1998, doi:10.1109/5.726791.
"""

from functools import partial

import keras

from dlkit import blocks
from dlkit.blocks.errors import choose

# "the background level (white) corresponds to a value of -0.1 and the foreground (black) to 1.175":
# ink is 255 here, so y = 0.005 pixel - 0.1. The mean is then about 0 and the variance about 1.
INK = partial(blocks.standardize, mean=20.0, std=200.0)

INITIALIZERS = {"tanh": "glorot_uniform", "sigmoid": "glorot_uniform", "relu": "he_normal"}

SMALLEST = 16  # S4 is then a single pixel


def lenet5(
    *,
    num_classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 1),
    activation: str = "tanh",
    pooling: str = "average",
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """LeNet-5: two convolutions with subsampling, three dense layers.

    The paper centres 28×28 digits in 32×32 pixels, so that strokes near the edge reach the centre
    of a window; no layer pads. `activation="sigmoid"` is the form that many courses teach; with
    plain SGD it learns hardly anything in the first epochs.

    Args:
        num_classes: classes to tell apart; 0 gives F6's 84 features.
        input_shape: (height, width, channels) in pixels, 16×16 or more; light ink on black.
        activation: `"tanh"`, `"sigmoid"` or `"relu"`.
        pooling: `"average"` as in the paper, or `"max"`.
        include_preprocessing: whether the model maps [0, 255] to the paper's [-0.1, 1.175] itself.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or an argument is none of the above.

    Example:
        >>> lenet5().count_params()
        61706
    """
    init = choose("activation", activation, INITIALIZERS)
    conv = partial(keras.layers.Conv2D, activation=activation, kernel_initializer=init)
    dense = partial(keras.layers.Dense, activation=activation, kernel_initializer=init)
    preprocess = INK if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=SMALLEST)  # 32×32×1
    x = conv(6, 5, name="c1")(x)  # 28×28×6
    x = blocks.pool(x, pooling, name="s2")  # 14×14×6
    x = conv(16, 5, name="c3")(x)  # 10×10×16
    x = blocks.pool(x, pooling, name="s4")  # 5×5×16
    x = dense(120, name="c5")(keras.layers.Flatten(name="flatten")(x))
    x = dense(84, name="f6")(x)
    x = blocks.classifier(x, num_classes, activation=classifier_activation)
    name = "lenet5" if activation == "tanh" else f"lenet5-{activation}"
    return keras.Model(image, x, name=name)


def lenet5_relu(
    *,
    num_classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 1),
    pooling: str = "max",
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """LeNet-5 as it is mostly built today: ReLU and max pooling. Arguments as in `lenet5`."""
    return lenet5(
        num_classes=num_classes,
        input_shape=input_shape,
        activation="relu",
        pooling=pooling,
        include_preprocessing=include_preprocessing,
        classifier_activation=classifier_activation,
    )
