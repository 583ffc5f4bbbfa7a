"""Learning-rate schedules and optimizers, by the names that a recipe uses."""

from typing import Any

import keras


def learning_rate(name: str, peak: float, steps: int, warmup_steps: int = 0) -> Any:
    """A schedule over a run of `steps` steps.

    * `constant`: the peak throughout.
    * `cosine`: peak · (1 + cos(π·t/T)) / 2 after a linear rise over `warmup_steps`
      (Loshchilov & Hutter 2017, without restarts).
    * `step`: a tenth of the rate at 50 % and again at 75 % of the run (He et al. 2016, §4.2).
    """
    if name == "constant":
        return peak
    if name == "step":
        milestones = [max(1, steps // 2), max(2, steps * 3 // 4)]
        return keras.optimizers.schedules.PiecewiseConstantDecay(
            milestones, [peak, peak / 10, peak / 100]
        )
    decay = max(1, steps - warmup_steps)
    if warmup_steps:
        return keras.optimizers.schedules.CosineDecay(
            0.0, decay, warmup_target=peak, warmup_steps=warmup_steps
        )
    return keras.optimizers.schedules.CosineDecay(peak, decay)


def optimizer(settings: Any, rate: Any) -> keras.optimizers.Optimizer:
    """The Keras optimizer that a recipe's `optimizer` names.

    Args:
        settings: a `dlkit.train.recipe.Optimizer`.
        rate: a number or a schedule.
    """
    made = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }[settings.name]
    own = {"momentum": settings.momentum} if settings.name in ("sgd", "rmsprop") else {}
    built = made(
        learning_rate=rate,
        weight_decay=settings.weight_decay or None,
        clipnorm=settings.clipnorm or None,
        **own,
    )
    if settings.weight_decay:
        built.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return built
