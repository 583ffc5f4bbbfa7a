"""Separable convolutions cost 1/N + 1/k² of full ones, and are about as accurate on digits.

Claim: a window on each channel and then a 1×1 convolution over channels does what a full
convolution does at 1/N + 1/k² of its multiply-adds and weights, for N filters and a window of k×k
(MobileNet, §3.1). Xception, in the slides' history the last, is made of them.

What is done: one layer of each kind is built and counted. Then two networks that differ in nothing
else learn the 8×8 digits alike.

What it shows: the arithmetic, and that the cheap network keeps up within three points on an easy
task. What it does not: that it is faster by as much (depthwise windows use a processor badly), nor
Xception's gain at equal cost, which is measured on ImageNet.

Source: Howard et al., "MobileNets", arXiv:1704.04861, §3.1; Chollet, "Xception: Deep Learning with
Depthwise Separable Convolutions", arXiv:1610.02357.
"""

from functools import partial

import keras

from dlkit import blocks
from dlkit.inspection import Profile, profile
from dlkit_vision.experiments import training
from dlkit_vision.experiments.finding import Finding, Result

STYLE = blocks.STYLES["paper"]
KINDS = {
    "full": partial(blocks.conv_norm, kernel_size=3, style=STYLE),
    "separable": partial(blocks.separable_norm, kernel_size=3, style=STYLE),
}
SIDE, CHANNELS, FILTERS = 16, 64, 128  # of the layer that is counted
SIZE, WIDTHS = 8, (32, 64, 64, 64)  # of the networks that learn; the first is full in both
RATE, EPOCHS = 0.1, 10
LOSS = 3.0  # points that the separable network may be behind: six standard errors, near 99%


def run(seed: int) -> Result:
    """Counts a layer of each kind, and trains a network of each."""
    layers = {kind: layer(kind) for kind in KINDS}
    formula = 1 / FILTERS + 1 / 3**2
    learned, judged = training.digits(SIZE)
    right, macs = {}, {}
    for kind in KINDS:
        keras.utils.set_random_seed(seed)
        model = network(kind)
        macs[kind] = profile(model).macs
        training.fit(model, learned, keras.optimizers.SGD(RATE), EPOCHS)
        right[kind] = training.accuracy(model, judged)
    return Result(
        (
            Finding("a layer's multiply-adds, separable over full",
                    layers["separable"].macs / layers["full"].macs, "", formula, formula),
            Finding("a layer's weights, separable over full",
                    layers["separable"].params / layers["full"].params, "", formula, formula),
            Finding("a network's multiply-adds, likewise",
                    macs["separable"] / macs["full"], "", most=0.25),
            *(Finding(f"{kind}, test accuracy", value, "%") for kind, value in right.items()),
            Finding("separable above full", right["separable"] - right["full"], "points",
                    least=-LOSS),
        )
    )  # fmt: skip


def layer(kind: str) -> Profile:
    """The costs of one convolution without its norm."""
    image = keras.Input((SIDE, SIDE, CHANNELS))
    x = KINDS[kind](image, FILTERS, name=kind)
    conv = keras.Model(image, x).layers[1]
    return profile(keras.Model(image, conv.output))


def network(kind: str) -> keras.Model:
    """A full convolution, three of a kind, each with norm and ReLU, and a classifier."""
    image, x = blocks.image_input((SIZE, SIZE, 1), blocks.symmetric)
    first, *others = WIDTHS
    x = blocks.conv_norm_act(x, first, 3, style=STYLE, name="conv1")  # 8×8×32
    for n, filters in enumerate(others, start=2):  # 8×8×64, 4×4×64
        x = KINDS[kind](x, filters, name=f"conv{n}")
        x = STYLE.act(name=f"conv{n}_act")(x)
        if n == 2:
            x = blocks.pool(x, "max", name="pool")
    return keras.Model(image, blocks.classifier(x, 10, pooling="average", style=STYLE))
