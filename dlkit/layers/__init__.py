"""Keras layers that Keras lacks. They are registered under `dlkit`, so files name them stably."""

from dlkit.layers.classifier_output import (
    ClassifierError,
    ClassifierOutput,
    class_names,
    set_class_names,
)
from dlkit.layers.zero_pad_shortcut import ZeroPadShortcut

__all__ = [
    "ClassifierError",
    "ClassifierOutput",
    "ZeroPadShortcut",
    "class_names",
    "set_class_names",
]
