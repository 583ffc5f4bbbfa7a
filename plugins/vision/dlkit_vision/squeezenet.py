"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters.

Fire modules squeeze the channels by a 1×1 convolution before they expand them, half by 1×1 and half
by 3×3 ones; the classes are channels of the last map. 1.1, a later form of its authors, begins
narrower and pools earlier.

Source: Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer, "SqueezeNet: AlexNet-level accuracy with
50x fewer parameters and <0.5MB model size", arXiv:1602.07360, table 1.
"""

from functools import partial

import keras

from dlkit import blocks
from dlkit.layers import ClassifierOutput

NETWORKS = {  # filters and window of the first convolution; the fires that a pooling follows
    "squeezenet1-0": (96, 7, (4, 8)),
    "squeezenet1-1": (64, 3, (3, 5)),
}
FIRES = {  # squeezed to, and expanded by each kind of window
    2: (16, 64),
    3: (16, 64),
    4: (32, 128),
    5: (32, 128),
    6: (48, 192),
    7: (48, 192),
    8: (64, 256),
    9: (64, 256),
}
NORMAL = {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.01}}  # of the classes
STYLE = blocks.Style(
    conv=partial(keras.layers.Conv2D, padding="same", kernel_initializer="he_uniform"),
    norm=None,
    act=partial(keras.layers.Activation, "relu"),
    dense=keras.layers.Dense,
)


def fire(x, squeezed: int, expanded: int, name: str) -> keras.KerasTensor:
    """A 1×1 convolution to `squeezed` channels, then 1×1 and 3×3 ones side by side.

    Returns:
        `(batch, height, width, 2 · expanded)`.
    """
    conv = partial(blocks.conv_norm_act, style=STYLE)
    x = conv(x, squeezed, 1, name=f"{name}_squeeze")
    branches = [partial(conv, filters=expanded, kernel_size=side, name=f"{name}_expand{side}")
                for side in (1, 3)]  # fmt: skip
    return blocks.parallel(x, *branches, name=name)


def squeezenet(
    name: str,
    /,
    *,
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    pooling: str = "average",
    dropout: float = 0.5,
    include_preprocessing: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """One of `NETWORKS`.

    Args:
        name: of the network.
        num_classes: classes to tell apart; 0 gives the 512 pooled features.
        input_shape: (height, width, channels) in pixels, 32×32 or more; None for any height or
            width.
        pooling: `"average"` or `"max"`, of each class' map.
        dropout: the share of features left out before the classes' convolution in training.
        include_preprocessing: whether the model takes [0, 255]; without, what
            `blocks.imagenet` gives.
        classifier_activation: `"softmax"`, `"sigmoid"`, or None for logits, which a ReLU leaves at
            0 or above.

    Returns:
        A model from `(batch, height, width, channels)` to `(batch, num_classes)` float32.

    Raises:
        BlockError: the images are too small, or there is no such pooling.
    """
    filters, window, pooled = NETWORKS[name]
    preprocess = blocks.imagenet if include_preprocessing else None
    image, x = blocks.image_input(input_shape, preprocess, minimum=32, any_size=True)  # 224×224×3
    x = STYLE.conv(filters, window, 2, padding="valid", name="conv1_conv")(x)
    x = STYLE.act(name="conv1_act")(x)
    x = blocks.ceil_pool(x, 3, 2, name="pool1")  # 54×54×96, 55×55×64
    for n, (squeezed, expanded) in FIRES.items():
        x = fire(x, squeezed, expanded, f"fire{n}")
        if n in pooled:
            x = blocks.ceil_pool(x, 3, 2, name=f"pool{n}")  # 27×27, 13×13
    if num_classes > 0:
        x = keras.layers.Dropout(dropout, name="dropout")(x) if dropout else x
        x = STYLE.conv(num_classes, 1, kernel_initializer=NORMAL, name="conv10_conv")(x)
        x = STYLE.act(name="conv10_act")(x)
    x = blocks.classifier(x, min(num_classes, 0), pooling=pooling)  # pools alone
    if num_classes > 0:
        x = ClassifierOutput(classifier_activation, name="predictions")(x)
    return keras.Model(image, x, name=name)


squeezenet1_0 = partial(squeezenet, "squeezenet1-0")
squeezenet1_1 = partial(squeezenet, "squeezenet1-1")
