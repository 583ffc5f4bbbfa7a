"""BatchNorm lets ten layers learn at rates that are too high without it.

Claim: batch normalisation "helps the gradient to flow better" and "reduces dependency on
initialization" (slides), and so lets one learn at higher rates (the paper).

What is done: ten convolutions, with norms and without, learn the 8×8 digits by SGD at three rates
each, from the same initialisation.

What it shows: with norms the network learns at rates where it does not without, and at the highest
it is no worse after five epochs than the other is at its best rate. What it does not: why. The
paper's reason, internal covariate shift, is disputed (Santurkar et al., arXiv:1805.11604).

Source: Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
Internal Covariate Shift", arXiv:1502.03167, §3.3.
"""

from dataclasses import replace
from functools import partial

import keras

from dlkit import blocks
from dlkit_vision.experiments import training
from dlkit_vision.experiments.finding import GAP, Finding, Result

SIZE, EPOCHS = 8, 5
RATES = (0.02, 0.1, 0.5)
LAYERS = ((16, 1), (16, 1), (16, 1), (16, 1), (32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1))

NORMED = blocks.STYLES["paper"]
BARE = replace(NORMED, norm=None, conv=partial(NORMED.conv, use_bias=True))


def run(seed: int) -> Result:
    """Trains both networks at every rate."""
    learned, judged = training.digits(SIZE)
    right = {}
    for kind, style in (("without norms", BARE), ("with norms", NORMED)):
        for rate in RATES:
            keras.utils.set_random_seed(seed)
            model = network(style)
            training.fit(model, learned, keras.optimizers.SGD(rate), EPOCHS)
            right[kind, rate] = training.accuracy(model, judged)
    high = RATES[-1]
    gap = right["with norms", high] - right["without norms", high]
    best = max(right["without norms", rate] for rate in RATES)
    return Result(
        (
            *(
                Finding(f"{kind}, rate {rate:g}, test accuracy", value, "%")
                for (kind, rate), value in right.items()
            ),
            Finding(f"norms above none at rate {high:g}", gap, "points", least=GAP),
            Finding("… no worse than the best rate without", right["with norms", high] - best,
                    "points", least=0.0),
        )
    )  # fmt: skip


def network(style: blocks.Style) -> keras.Model:
    """Ten convolutions of 3×3, each with its norm (if any) and ReLU, and a classifier."""
    image, x = blocks.image_input((SIZE, SIZE, 1), blocks.symmetric)
    for n, (filters, strides) in enumerate(LAYERS, start=1):  # 8×8×16, 4×4×32, 2×2×64
        x = blocks.conv_norm_act(x, filters, 3, strides, style=style, name=f"conv{n}")
    return keras.Model(image, blocks.classifier(x, 10, pooling="average", style=style))
