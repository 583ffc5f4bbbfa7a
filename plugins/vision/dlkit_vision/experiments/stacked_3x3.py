"""Two 3×3 convolutions see as far as one of 5×5, and three as far as 7×7, with fewer weights.

Claim: VGG has only 3×3 windows (slides: "Deeper networks perform better"), since stacks of them
have the same receptive field as larger windows, and more activations between: for C channels in and
out, 18 C² weights instead of 25 C², and 27 C² instead of 49 C².

What is done: each stack is built, and its weights, multiply-adds and receptive field are counted.

What it shows: the arithmetic, for any seed. What it does not: that the stack is more accurate,
which the paper measures on ImageNet (§4.1: pairs of 3×3 against 5×5, 7 points of top-1 error).

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", arXiv:1409.1556, §2.3.
"""

from fractions import Fraction

import keras

from dlkit import blocks
from dlkit.inspection import Profile, profile
from dlkit_vision.experiments.finding import Finding, Result

SIDE, CHANNELS = 32, 64
STYLE = blocks.STYLES["paper"]


def run(seed: int = 0) -> Result:
    """Counts; nothing is drawn, so that `seed` changes nothing."""
    found = []
    for depth, window, few, many in ((2, 5, 18, 25), (3, 7, 27, 49)):
        small, large = stack(depth, 3), stack(1, window)
        ratio = Fraction(small.macs, large.macs)
        found += [
            Finding(f"{depth} of 3×3: weights", _per_square(small), "C²", few, few),
            Finding(f"1 of {window}×{window}: weights", _per_square(large), "C²", many, many),
            Finding(f"{depth} of 3×3: receptive field", _field(small), "pixels", window, window),
            Finding(f"1 of {window}×{window}: receptive field", _field(large), "pixels", window,
                    window),
            Finding("… multiply-adds, stack over one", float(ratio), "", most=0.75),
        ]  # fmt: skip
    return Result(tuple(found))


def stack(depth: int, window: int) -> Profile:
    """The costs of `depth` convolutions with ReLU."""
    image = x = keras.Input((SIDE, SIDE, CHANNELS))
    for n in range(1, depth + 1):
        x = STYLE.conv(CHANNELS, window, name=f"conv{n}")(x)
        x = STYLE.act(name=f"act{n}")(x)
    return profile(keras.Model(image, x, name=f"stack{depth}x{window}"))


def _per_square(costs: Profile) -> float:
    return costs.params / CHANNELS**2


def _field(costs: Profile) -> float:
    height, width = costs.rows[-1].receptive_field
    return height if height == width else float("nan")
