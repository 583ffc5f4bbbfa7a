"""1×1 reductions make the Inception module affordable.

Claim: the slides' module is the one with 1×1 convolutions before the large windows. Without them
(the paper's naïve module) every window works on all channels, and since a pooling keeps as many as
it is given, each module hands on more than it got.

What is done: module 3a of GoogLeNet is built as in the paper's table 1, and without its reductions
and the pooling's projection; and so are all nine, each on the map that it has in the paper.

What it shows: multiply-adds, weights and channels, for any seed. What it does not: what the
reduction costs in accuracy. Nor does the sum over nine modules show how naïve ones would follow one
another: each would get more channels than here, and the cost would grow further.

Source: Szegedy et al., "Going Deeper with Convolutions", arXiv:1409.4842, §4, figure 2 and table 1.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import keras

from dlkit import blocks
from dlkit.inspection import Profile, profile
from dlkit_vision.experiments.finding import Finding, Result
from dlkit_vision.googlenet import MODULES, PAPER

SIDES = {"3": 28, "4": 14, "5": 7}  # pixels of the maps, by a module's number
CHANNELS = 192  # of the map that 3a takes


def run(seed: int = 0) -> Result:
    """Counts; nothing is drawn, so that `seed` changes nothing."""
    built = {kind: list(modules(build)) for kind, build in KINDS.items()}
    reduced, naive = built["reduced"], built["naive"]
    first, bare = reduced[0], naive[0]
    ratio = sum(one.macs for one in naive) / sum(one.macs for one in reduced)
    return Result(
        (
            Finding("3a, multiply-adds", first.macs / 1e6, "million"),
            Finding("3a without reduction, multiply-adds", bare.macs / 1e6, "million"),
            Finding("3a, multiply-adds without over with", bare.macs / first.macs, least=2.0),
            Finding("3a, weights without over with", bare.params / first.params, least=2.0),
            Finding("3a, channels that go on", _channels(first), ""),
            Finding("3a without reduction, channels that go on", _channels(bare), "",
                    least=_channels(first) + 1),
            Finding("nine modules, multiply-adds without over with", ratio, least=2.0),
        )
    )  # fmt: skip


def naive(x, filters: Sequence[int], *, style: blocks.Style, name: str) -> keras.KerasTensor:
    """The module of figure 2a: as `blocks.inception`, all windows on all channels."""
    one, _, three, _, five, _ = filters
    conv = partial(blocks.conv_norm_act, style=style)
    return blocks.parallel(
        x,
        lambda x: conv(x, one, 1, name=f"{name}_1x1"),
        lambda x: conv(x, three, 3, name=f"{name}_3x3"),
        lambda x: conv(x, five, 5, name=f"{name}_5x5"),
        lambda x: blocks.pool(x, "max", 3, 1, padding="same", name=f"{name}_pool"),
        name=name,
    )


KINDS = {"reduced": blocks.inception, "naive": naive}


def modules(build: Callable[..., keras.KerasTensor]) -> Iterator[Profile]:
    """The costs of the nine modules, each on the paper's map."""
    channels = CHANNELS
    for place, filters in MODULES.items():
        side = SIDES[place[0]]
        image = keras.Input((side, side, channels))
        x = build(image, filters, style=PAPER, name=f"inception_{place}")
        yield profile(keras.Model(image, x))
        one, _, three, _, five, projection = filters
        channels = one + three + five + projection


def _channels(costs: Profile) -> int:
    return costs.rows[-1].output_shape[-1]
