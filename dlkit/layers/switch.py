"""The switch that takes a branch out of a network, and puts it back."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dlkit")
class Switch(keras.layers.Layer):
    """Lets a branch through, or not: y = g · x.

    The gate g is a scalar variable that training leaves alone; `layer.gate.assign(0.0)` switches a
    compiled model too, and `assign(1.0)` mends it. On the main branch of a residual block, g = 0
    leaves y = x: the block is deleted, as Veit et al. 2016 do to see what it was good for.

    Shapes: any, in and out.

    Args:
        gate: what g is at first.

    Source: Veit, Wilber, Belongie, "Residual Networks Behave Like Ensembles of Relatively Shallow
    Networks", arXiv:1605.06431.

    Example:
        >>> Switch(gate=0.0)(keras.ops.array([2.0])).numpy().tolist()
        [0.0]
    """

    def __init__(self, gate: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.initial = float(gate)

    def build(self, input_shape):
        """Makes the gate."""
        self.gate = self.add_weight(
            name="gate",
            shape=(),
            initializer=keras.initializers.Constant(self.initial),
            trainable=False,
        )
        self.built = True

    def call(self, x):
        """Multiplies by the gate."""
        return x * ops.cast(self.gate, x.dtype)

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    def get_config(self):
        """What `from_config` needs to make the layer anew; the gate itself is saved as a weight."""
        return {**super().get_config(), "gate": self.initial}
