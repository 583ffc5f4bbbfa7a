"""Optimizers with a learning rate of its own for each variable, so that early layers move less.

Keras' `MultiOptimizer` would take an optimizer for each group of layers; but each then clips its
own gradients by their own norm, and the whole has no `learning_rate` to log. Here one optimizer
hands `update_step`, the method that Keras has optimizers override, a share of the rate.
"""

from collections.abc import Sequence

import keras
from keras import ops

from dlkit.registry.errors import DlkitError

SPARED = ("bias", "gamma", "beta")  # by name where a norm or a GRU has them in two dimensions


def is_decayed(variable: keras.Variable) -> bool:
    """Whether weight decay is meant for a variable: not for biases and norms.

    Those have one dimension, or none; the rest is known by its name.
    """
    return len(variable.shape) > 1 and variable.name not in SPARED


class Layerwise:
    """What is put before an optimizer's class to give each variable a share of the rate.

    θᵢ ← (1 - λ·fᵢ·η)·θᵢ, unless i is spared, then the optimizer's own step with the rate fᵢ·η.

    Args:
        factors: the share fᵢ for each trainable variable, in their order.
        weight_decay: λ, decoupled; biases and norms are spared.
        **options: the optimizer's own.
    """

    def __init__(self, *, factors: Sequence[float], weight_decay: float | None = None, **options):
        super().__init__(**options)  # Keras' own decay would take the whole rate for all
        self.factors = tuple(float(factor) for factor in factors)
        self.decay = weight_decay or 0.0

    def build(self, variables):
        """Learns which variables are decayed.

        Raises:
            DlkitError: there is not one factor for each variable.
        """
        if len(variables) != len(self.factors):
            raise DlkitError(
                f"{len(self.factors)} factors of the learning rate for {len(variables)} trainable "
                "variables.",
                "Freeze layers before the optimizer is made",
            )
        self.decayed = tuple(is_decayed(variable) for variable in variables)
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        """Decays the variable and takes the optimizer's step, both at its share of the rate."""
        i = self._get_variable_index(variable)  # as every optimizer of Keras finds its slots
        rate = ops.cast(learning_rate, variable.dtype) * self.factors[i]
        if self.decay and self.decayed[i]:
            self.assign_sub(variable, variable * self.decay * rate)
        super().update_step(gradient, variable, rate)

    def get_config(self):
        """What makes the same optimizer anew."""
        config = super().get_config()
        return {**config, "factors": list(self.factors), "weight_decay": self.decay}


def _with_factors(base: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    name = f"Layerwise{base.__name__}"
    made = type(name, (Layerwise, base), {"__doc__": f"{base.__name__} with a rate a variable."})
    return keras.saving.register_keras_serializable("dlkit", name)(made)


_adam = _with_factors(keras.optimizers.Adam)

CLASSES: dict[str, type[keras.optimizers.Optimizer]] = {
    "adam": _adam,
    "adamw": _adam,  # the same, since the decay here is decoupled for all
    "sgd": _with_factors(keras.optimizers.SGD),
    "rmsprop": _with_factors(keras.optimizers.RMSprop),
    "lion": _with_factors(keras.optimizers.Lion),
    "lamb": _with_factors(keras.optimizers.Lamb),
}
