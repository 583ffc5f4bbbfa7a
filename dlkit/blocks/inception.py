"""Branches beside one another: several sizes of window on the same map.

Source: Szegedy et al., "Going Deeper with Convolutions", arXiv:1409.4842, §4–5.
"""

from collections.abc import Callable, Sequence
from functools import partial

import keras

from dlkit.blocks.conv import conv_norm_act, pool
from dlkit.blocks.style import Style

Branch = Callable[[keras.KerasTensor], keras.KerasTensor]


def parallel(x, *branches: Branch, name: str) -> keras.KerasTensor:
    """The channels of every branch of x, in the order of the branches: `{name}`.

    Args:
        x: `(batch, height, width, channels)`.
        branches: what each makes of x; all of one height and width.
        name: of the layer that joins them.
    """
    return keras.layers.Concatenate(name=name)([branch(x) for branch in branches])


def inception(
    x, filters: Sequence[int], *, style: Style, name: str, large: int = 5
) -> keras.KerasTensor:
    """1×1, 3×3 and 5×5 convolutions and a pooling side by side, the large ones on fewer channels.

    Args:
        x: `(batch, height, width, channels)`.
        filters: six numbers, the columns of the paper's table 1: 1×1; what 3×3 is reduced to, 3×3;
            what 5×5 is reduced to, 5×5; what the pooled map is projected to.
        style: the constructors.
        name: the block's place; its branches are `{name}_1x1`, `{name}_3x3`, `{name}_5x5` and
            `{name}_pool`.
        large: the side of the largest window, 5 in the paper.

    Returns:
        `(batch, height, width, 1×1 + 3×3 + 5×5 + projection)`.
    """
    conv = partial(conv_norm_act, style=style)
    one, reduce3, three, reduce5, five, projection = filters

    def small(x):
        return conv(x, one, 1, name=f"{name}_1x1")

    def middle(x):
        x = conv(x, reduce3, 1, name=f"{name}_3x3_reduce")
        return conv(x, three, 3, name=f"{name}_3x3")

    def wide(x):
        x = conv(x, reduce5, 1, name=f"{name}_5x5_reduce")
        return conv(x, five, large, name=f"{name}_5x5")

    def pooled(x):
        x = pool(x, "max", 3, 1, padding="same", name=f"{name}_pool")
        return conv(x, projection, 1, name=f"{name}_pool_project")

    return parallel(x, small, middle, wide, pooled, name=name)
