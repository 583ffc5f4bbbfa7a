"""The optimizers by name, and which of their settings exclude each other.

No framework is loaded here: a recipe is checked before one is.
"""

from typing import Any

from dlkit.registry import errors

NAMES = ("adam", "adamw", "sgd", "rmsprop", "lion", "lamb")

ADAPTIVE = ("adam", "adamw", "rmsprop", "lamb")  # which divide by gradients' own size

CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")


def check(settings: Any) -> None:
    """Refuses settings that cannot go together.

    Args:
        settings: a `dlkit.train.recipe.Optimizer`.

    Raises:
        UsageError: gradients would be clipped in two ways, or Nesterov's momentum or an epsilon has
            no meaning.
    """
    clips = [name for name in CLIPS if getattr(settings, name)]
    if len(clips) > 1:
        raise errors.UsageError(
            f"optimizer: {' and '.join(clips)} exclude each other: gradients are clipped one way.",
            f"Leave one out: --set optimizer.{clips[-1]}=0",
        )
    if settings.nesterov and (settings.name != "sgd" or not settings.momentum):
        raise errors.UsageError(
            "optimizer.nesterov is a kind of momentum of sgd; "
            f"{settings.name} with momentum={settings.momentum:g} has none.",
            "Leave it out: --set optimizer.nesterov=false",
        )
    if settings.epsilon and settings.name not in ADAPTIVE:
        raise errors.UsageError(
            f"optimizer.epsilon is of {', '.join(ADAPTIVE)}; {settings.name} has none.",
            "Leave it out: --set optimizer.epsilon=0",
        )
