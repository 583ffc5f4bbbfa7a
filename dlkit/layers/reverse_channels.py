"""The order of colors: from red, green, blue to blue, green, red."""

import keras


@keras.saving.register_keras_serializable(package="dlkit")
class ReverseChannels(keras.layers.Layer):
    """Turns RGB images into BGR ones, as networks trained with Caffe take them.

    Shapes: `(batch, height, width, channels)`, in and out.

    Example:
        >>> ReverseChannels()(keras.ops.array([[[[1.0, 2.0, 3.0]]]])).numpy().ravel().tolist()
        [3.0, 2.0, 1.0]
    """

    def call(self, x):
        """Reverses the last axis."""
        return x[..., ::-1]

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape
