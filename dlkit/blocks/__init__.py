"""The vocabulary models are written in: functions from Keras tensors to Keras tensors.

Each emits flat layers with explicit names (`conv2_block1_1_conv`), so that published weight files
load by position and every layer can be found by its place. A `Style` says with which constructors.
"""

from dlkit.blocks.conv import conv_norm, conv_norm_act, pool
from dlkit.blocks.errors import BlockError
from dlkit.blocks.head import classifier
from dlkit.blocks.image import image_input, standardize
from dlkit.blocks.residual import Shortcut, basic, residual, zero_padded
from dlkit.blocks.style import STYLES, Style, style

__all__ = [
    "STYLES",
    "BlockError",
    "Shortcut",
    "Style",
    "basic",
    "classifier",
    "conv_norm",
    "conv_norm_act",
    "image_input",
    "pool",
    "residual",
    "standardize",
    "style",
    "zero_padded",
]
