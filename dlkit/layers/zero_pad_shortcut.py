"""The shortcut without parameters: option A of residual learning."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dlkit")
class ZeroPadShortcut(keras.layers.Layer):
    """Brings a shortcut to a smaller map with more channels, and learns nothing.

    Every `strides`-th row and column is kept and the missing channels are zeros, so that the sum
    y = F(x) + shortcut(x) has one shape. This is option A of He et al. 2015 (§3.3, §4.2): "the
    shortcut still performs identity mapping, with extra zero entries padded". The zeros come
    after the channels of `x`.

    Shapes: `(batch, height, width, channels)` to
    `(batch, ceil(height / strides), ceil(width / strides), filters)`.

    Args:
        filters: channels of the output, at least those of the input.
        strides: the step between kept rows and columns.

    Raises:
        ValueError: `filters` is below the input's channels, or `strides` below 1.

    Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385.

    Example:
        >>> x = keras.ops.ones((1, 32, 32, 16))
        >>> ZeroPadShortcut(32, strides=2)(x).shape
        TensorShape([1, 16, 16, 32])
    """

    def __init__(self, filters: int, strides: int = 1, **kwargs):
        super().__init__(**kwargs)
        if strides < 1:
            raise ValueError(f"strides must be 1 or more, not {strides}.")
        self.filters = filters
        self.strides = strides

    def build(self, input_shape):
        """Refuses an input with more channels than the output has."""
        if input_shape[-1] > self.filters:
            raise ValueError(
                f"{self.name!r} pads channels and cannot drop them: its input has "
                f"{input_shape[-1]}, filters={self.filters}."
            )
        self.built = True

    def call(self, x):
        """Subsamples, then pads the channel axis with zeros."""
        missing = self.filters - x.shape[-1]
        x = x[:, :: self.strides, :: self.strides, :]
        return ops.pad(x, ((0, 0), (0, 0), (0, 0), (0, missing)))

    def compute_output_shape(self, input_shape):
        """The shape of `call`'s result, with None where the input has None."""
        batch, *sides, _ = input_shape
        sides = (side and -(-side // self.strides) for side in sides)
        return (batch, *sides, self.filters)

    def get_config(self):
        """What `from_config` needs to make the layer anew."""
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}
