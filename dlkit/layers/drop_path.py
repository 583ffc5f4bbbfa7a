"""Stochastic depth: in training, some images go around a residual branch."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dlkit")
class DropPath(keras.layers.Layer):
    """Leaves a whole branch out for some of a batch's samples, at each step of training anew.

    y = x · b / (1 - rate), where b, drawn for each sample, is 0 with probability `rate` and else 1;
    the division keeps the mean. It stands at the end of a residual branch, whose sum then is the
    shortcut alone. In inference y = x.

    Shapes: `(batch, …)` to the same.

    Args:
        rate: the share of samples that go without, in [0, 1).
        seed: of the draws; without, `keras.utils.set_random_seed` decides. Its state is a variable
            of the layer: it moves on at every draw, and is saved in a training's checkpoints.

    Raises:
        ValueError: `rate` is not in [0, 1).

    Source: Huang, Sun, Liu, Sedra, Weinberger, "Deep Networks with Stochastic Depth",
    arXiv:1603.09382; scaled as in Larsson et al., "FractalNet", arXiv:1605.07648.

    Example:
        >>> y = DropPath(0.5, seed=1)(keras.ops.ones((4, 2, 2, 1)), training=True)
        >>> sorted(set(y.numpy().ravel().tolist()))
        [0.0, 2.0]
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be in [0, 1), not {rate}: it is the share left out.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        """Draws one number a sample in training; passes x on in inference."""
        if not training or not self.rate:
            return x
        shape = (ops.shape(x)[0], *(1 for _ in x.shape[1:]))
        # In float32: bfloat16 has too few steps between 0 and 1 for the rate to be met.
        kept = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator) >= self.rate
        return x * ops.cast(kept, x.dtype) / (1 - self.rate)

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    def get_config(self):
        """What `from_config` needs to make the layer anew."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
