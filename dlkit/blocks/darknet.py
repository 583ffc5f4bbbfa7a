"""Darknet's pair of convolutions.

Sources: Redmon, Farhadi, "YOLO9000: Better, Faster, Stronger", arXiv:1612.08242; "YOLOv3: An
Incremental Improvement", arXiv:1804.02767.
"""

import keras

from dlkit.blocks.conv import conv_norm_act
from dlkit.blocks.residual import residual
from dlkit.blocks.style import Style


def darknet_block(x, *, style: Style, name: str, has_shortcut: bool = True) -> keras.KerasTensor:
    """1×1 to half the channels and 3×3 back: y = F(x) + x, or y = F(x) without the shortcut.

    No activation follows the sum.

    Args:
        x: `(batch, height, width, channels)`.
        style: the constructors.
        name: the block's place; its layers are `{name}_1_conv` … `{name}_add`.
        has_shortcut: as in Darknet-53; Darknet-19 has none.

    Returns:
        As x.
    """
    channels = x.shape[-1]
    y = conv_norm_act(x, channels // 2, 1, style=style, name=f"{name}_1")
    y = conv_norm_act(y, channels, 3, style=style, name=f"{name}_2")
    return residual(x, y, name=name) if has_shortcut else y
