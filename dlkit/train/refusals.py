"""What a model may not be compiled with where it has several replicas, and why."""

import dataclasses
from collections.abc import Callable, Iterator

import keras

from dlkit.registry.errors import DlkitError
from dlkit.train import keras_shim


@dataclasses.dataclass(frozen=True)
class Refusal:
    """One thing that is refused.

    Attributes:
        holds: whether a model is so.
        what: its name.
        why: the reason, and upstream's issue.
        fix: what to do.
    """

    holds: Callable[[keras.Model], bool]
    what: str
    why: str
    fix: str


def check(model: keras.Model) -> None:
    """Refuses a compiled model that several replicas cannot train.

    Raises:
        DlkitError: it says what, why, and what to do.
    """
    for refusal in REFUSALS:
        if refusal.holds(model):
            replicas = model.distribute_strategy.num_replicas_in_sync
            raise DlkitError(
                f"{refusal.what} does not work on {replicas} replicas: {refusal.why}.", refusal.fix
            )


def _accumulates(model: keras.Model) -> bool:
    found = keras_shim.parts(model.optimizer)
    return any(getattr(part, "gradient_accumulation_steps", None) for part in found)


def _reductions(model: keras.Model) -> Iterator[str | None]:
    for loss in keras.tree.flatten(model.loss):
        if isinstance(loss, keras.losses.Loss):
            yield loss.reduction


REFUSALS = (
    Refusal(
        lambda model: bool(model.jit_compile),
        "jit_compile=True",
        "XLA compiles no sums over devices, hangs or leaves weights ruined (keras#20763, #21366)",
        "Leave it out of compile: 'auto' turns XLA off here",
    ),
    Refusal(
        lambda model: model.steps_per_execution > 1,
        "steps_per_execution above 1",
        "the loop over steps is not built for parts of batches (keras#19246)",
        "Take it out: --set steps_per_execution=1",
    ),
    Refusal(
        _accumulates,
        "gradient accumulation",
        "Keras applies the gathered gradients within a condition, where replicas cannot meet "
        "(keras#20582)",
        "Take it out, since more devices hold a larger batch: --set optimizer.accumulate=1",
    ),
    Refusal(
        lambda model: any(r in ("sum", "none", None) for r in _reductions(model)),
        "a loss that is no mean over the batch",
        "Keras weighs replicas by the rows that each has the mean of",
        "Give the loss reduction='sum_over_batch_size'",
    ),
)
