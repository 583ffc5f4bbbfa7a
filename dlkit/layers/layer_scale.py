"""A learned weight for each channel of a residual branch."""

import keras


@keras.saving.register_keras_serializable(package="dlkit")
class LayerScale(keras.layers.Layer):
    """Weighs channels: y_c = γ_c x_c, with every γ_c small at first.

    At the end of a residual branch it makes a deep network begin near the identity.

    Shapes: `(batch, …, channels)` to the same.

    Args:
        initial: the first value of each γ_c.

    Source: Touvron, Cord, Sablayrolles, Synnaeve, Jégou, "Going deeper with Image Transformers",
    arXiv:2103.17239, §2.

    Example:
        >>> LayerScale(0.5)(keras.ops.ones((1, 2))).numpy().tolist()
        [[0.5, 0.5]]
    """

    def __init__(self, initial: float = 1e-6, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape):
        """Makes γ, one number a channel."""
        self.gamma = self.add_weight(
            name="gamma",
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(self.initial),
        )

    def call(self, x):
        """Multiplies."""
        return x * self.gamma

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    def get_config(self):
        """What `from_config` needs to make the layer anew."""
        return {**super().get_config(), "initial": self.initial}
