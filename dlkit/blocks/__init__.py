"""The vocabulary models are written in: functions from Keras tensors to Keras tensors.

Each emits flat layers with explicit names (`conv2_block1_1_conv`), so that published weight files
load by position and every layer can be found by its place. A `Style` says with which constructors.
"""

from dlkit.blocks.attention import squeeze_excite
from dlkit.blocks.ceil_pool import ceil_pool
from dlkit.blocks.conv import conv_norm, conv_norm_act, pool
from dlkit.blocks.convnext import convnext_block
from dlkit.blocks.darknet import darknet_block
from dlkit.blocks.densenet import dense_layer, transition
from dlkit.blocks.errors import BlockError
from dlkit.blocks.fully_connected import dense_act
from dlkit.blocks.head import classifier
from dlkit.blocks.image import caffe, image_input, imagenet, standardize, symmetric
from dlkit.blocks.inception import inception, parallel
from dlkit.blocks.mobile import (
    depthwise_norm_act,
    depthwise_separable,
    inverted_bottleneck,
    scaled,
)
from dlkit.blocks.preact import norm_act, preact_basic, preact_bottleneck
from dlkit.blocks.residual import Shortcut, basic, bottleneck, projected, residual, zero_padded
from dlkit.blocks.separable import separable_norm
from dlkit.blocks.style import STYLES, Style, style

__all__ = [
    "STYLES",
    "BlockError",
    "Shortcut",
    "Style",
    "basic",
    "bottleneck",
    "caffe",
    "ceil_pool",
    "classifier",
    "conv_norm",
    "conv_norm_act",
    "convnext_block",
    "darknet_block",
    "dense_act",
    "dense_layer",
    "depthwise_norm_act",
    "depthwise_separable",
    "image_input",
    "imagenet",
    "inception",
    "inverted_bottleneck",
    "norm_act",
    "parallel",
    "pool",
    "preact_basic",
    "preact_bottleneck",
    "projected",
    "residual",
    "scaled",
    "separable_norm",
    "squeeze_excite",
    "standardize",
    "style",
    "symmetric",
    "transition",
    "zero_padded",
]
