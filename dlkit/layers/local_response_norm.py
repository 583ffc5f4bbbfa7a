"""Local response normalization: channels that compete with their neighbours."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="dlkit")
class LocalResponseNorm(keras.layers.Layer):
    """Divides each channel by how active the n channels around it are.

    y_c = x_c / (k + α Σ_j x_j²)^β, the sum over the channels j with |j - c| ≤ (n - 1) / 2.

    The defaults are AlexNet's. Caffe divides α by n, and torch too: their `alpha` of 1e-4 is 2e-5
    here with n = 5, and their k is 1. The sum is computed in float32 whatever the precision, as a
    product with a matrix of zeros and ones.

    Shapes: `(..., channels)`, in and out.

    Args:
        n: channels in a window; odd. Windows are cut off at the first and the last channel.
        k: what is added to every sum; above 0.
        alpha: the weight of the squares.
        beta: the power.

    Raises:
        ValueError: n is even or below 1, or k is not above 0.

    Source: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", NeurIPS 2012, §3.3.

    Example:
        >>> layer = LocalResponseNorm(n=1, k=1.0, alpha=1.0, beta=1.0)
        >>> layer(keras.ops.array([[0.0, 1.0, 2.0]])).numpy().tolist()
        [[0.0, 0.5, 0.4000000059604645]]
    """

    def __init__(
        self, n: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75, **kwargs
    ):
        super().__init__(**kwargs)
        if n < 1 or n % 2 == 0:
            raise ValueError(f"n must be an odd number of channels, not {n}.")
        if not k > 0:
            raise ValueError(f"k must be above 0, not {k}: a channel at rest would be 0 / 0.")
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def build(self, input_shape):
        """Lays down which channels stand in whose window."""
        channel = np.arange(input_shape[-1])
        distance = np.abs(channel[:, None] - channel)
        self.window = (distance <= self.n // 2).astype("float32")
        self.built = True

    def call(self, x):
        """Normalises in float32, and returns the precision of x."""
        wide = ops.cast(x, "float32")
        total = ops.matmul(ops.square(wide), ops.convert_to_tensor(self.window))
        return ops.cast(wide * ops.power(self.k + self.alpha * total, -self.beta), x.dtype)

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    def get_config(self):
        """What `from_config` needs to make the layer anew."""
        own = {"n": self.n, "k": self.k, "alpha": self.alpha, "beta": self.beta}
        return {**super().get_config(), **own}
