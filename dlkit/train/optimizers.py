"""Optimizers by the names that a recipe uses, and what all of them are told alike."""

from collections.abc import Sequence
from typing import Any

import keras

from dlkit.train import layerwise

OPTIMIZERS: dict[str, tuple[type[keras.optimizers.Optimizer], tuple[str, ...]]] = {
    "adam": (keras.optimizers.Adam, ()),
    "adamw": (keras.optimizers.AdamW, ()),
    "sgd": (keras.optimizers.SGD, ("momentum", "nesterov")),
    "rmsprop": (keras.optimizers.RMSprop, ("momentum",)),
    "lion": (keras.optimizers.Lion, ()),
    "lamb": (keras.optimizers.Lamb, ()),
}
"""Keras' class, and the settings that it takes beyond those of all."""


def make(
    settings: Any,
    rate: float | keras.optimizers.schedules.LearningRateSchedule,
    variables: Sequence[keras.Variable],
    factors: Sequence[float] | None = None,
) -> keras.optimizers.Optimizer:
    """The Keras optimizer that a recipe's `optimizer` names.

    Weight decay is decoupled from the gradient and times the learning rate, for every name
    (Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019): `adam` with decay is
    `adamw`. LAMB's decay stays outside its trust ratio, unlike in its paper: so Keras has it.

    Args:
        settings: a `dlkit.train.recipe.Optimizer`.
        rate: a number or a schedule.
        variables: the model's trainable variables; `spared` ones are not decayed.
        factors: a share of the rate for each of the variables; None gives all the whole of it.

    Example:
        >>> model.compile(make(recipe.optimizer, rate, model.trainable_variables), loss)
    """
    made, own = OPTIMIZERS[settings.name]
    options = {
        "learning_rate": rate,
        "clipnorm": settings.clipnorm or None,
        "global_clipnorm": settings.global_clipnorm or None,
        "clipvalue": settings.clipvalue or None,
        "gradient_accumulation_steps": settings.accumulate if settings.accumulate > 1 else None,
        **{name: getattr(settings, name) for name in own},
    }
    if settings.epsilon:
        options["epsilon"] = settings.epsilon
    if settings.ema_momentum:
        # Keras averages after every batch, also while it only gathers gradients. The root makes
        # the average as slow, counted in updates, as it is without.
        options["use_ema"] = True
        options["ema_momentum"] = settings.ema_momentum ** (1 / settings.accumulate)
    if factors is not None:
        decay = settings.weight_decay
        return layerwise.CLASSES[settings.name](factors=factors, weight_decay=decay, **options)
    if settings.weight_decay or settings.name == "adamw":  # AdamW takes no None
        options["weight_decay"] = settings.weight_decay
    built = made(**options)
    spare(built, variables)
    return built


def spare(optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable]) -> None:
    """Takes biases and norms out of a plain optimizer's weight decay.

    A `.keras` file does not keep what is spared, so a loaded model's optimizer needs it again
    before it goes on.
    """
    own = inner(optimizer)
    if own.weight_decay:
        spared = [variable for variable in variables if not layerwise.is_decayed(variable)]
        own.exclude_from_weight_decay(var_list=spared)


def inner(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer itself, where a loss scale is wrapped around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)
