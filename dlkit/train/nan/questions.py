"""The questions that name a cause, in the order in which they are asked.

What comes first in a step is asked first: the batch, the weights, the layers one after the other,
the loss, its gradient, the update. A suspect is confirmed where it can be by the same step without
it: if that is sound, it was the cause.
"""

from collections.abc import Callable

from dlkit.train.nan import data_questions, layers, step_questions, watch
from dlkit.train.nan.cause import Cause
from dlkit.train.nan.moment import Moment

QUESTIONS: tuple[Callable[[Moment, watch.Watched], Cause | None], ...] = (
    data_questions.bad_values,
    step_questions.bad_weights,
    data_questions.bad_labels,
    data_questions.huge_values,
    step_questions.runaway,
    step_questions.factors,
    layers.first_bad,
    step_questions.bad_loss,
    step_questions.bad_gradient,
    step_questions.bad_update,
)


def ask(moment: Moment) -> tuple[Cause, watch.Watched | None]:
    """The cause, and the record of the step that it was found in."""
    if moment.batch is None:
        return step_questions.bad_weights(moment) or _without_batch(), None
    seen = watch.step(moment, tape=True)
    failed = None
    for question in QUESTIONS:
        try:
            cause = question(moment, seen)
        except Exception as error:  # noqa: BLE001 (the other questions may find it all the same)
            cause, failed = None, failed or error
        if cause is not None:
            return cause, seen
    return _unknown(moment, seen, failed), seen


def _without_batch() -> Cause:
    return Cause(
        "unknown",
        "the batch",
        "is not known, so the step could not be run again",
        "Train with steps_per_execution=1, or give NaNReport the stream",
    )


def not_looked_into(error: Exception) -> Cause:
    """That the questions themselves failed."""
    told = f"could not be looked into: {type(error).__name__}: {error}"
    return Cause("unknown", "the step", told)


def _unknown(moment: Moment, seen: watch.Watched, failed: Exception | None) -> Cause:
    if failed is not None:
        return not_looked_into(failed)
    if seen.error is not None:
        error = f"{type(seen.error).__name__}: {seen.error}"
        return Cause("unknown", "the step", f"could not be run again eagerly: {error}")
    told = "shows no first bad place" if moment.exact else "did not go wrong a second time"
    return Cause("unknown", "the step", told)
