"""Keras layers that Keras lacks. They are registered under `dlkit`, so files name them stably."""

from dlkit.layers.classifier_output import (
    ClassifierError,
    ClassifierOutput,
    class_names,
    set_class_names,
)
from dlkit.layers.drop_path import DropPath
from dlkit.layers.layer_scale import LayerScale
from dlkit.layers.local_response_norm import LocalResponseNorm
from dlkit.layers.reverse_channels import ReverseChannels
from dlkit.layers.switch import Switch
from dlkit.layers.zero_pad_shortcut import ZeroPadShortcut

__all__ = [
    "ClassifierError",
    "ClassifierOutput",
    "DropPath",
    "LayerScale",
    "LocalResponseNorm",
    "ReverseChannels",
    "Switch",
    "ZeroPadShortcut",
    "class_names",
    "set_class_names",
]
