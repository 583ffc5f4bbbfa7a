"""The failing step, and what is known of those before it."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from dlkit.train.nan import copies

PARTS = {"x": "input", "y": "label", "sample_weight": "sample_weight"}
"""The parts of a batch, and the kind of cause that each may be."""


def parts(batch: Any) -> dict[str, Any]:
    """Input, targets and sample weights of a batch, by name; None for what it lacks."""
    return dict(zip(PARTS, keras.utils.unpack_x_y_sample_weight(batch), strict=True))


@dataclasses.dataclass(frozen=True)
class Step:
    """What a replayed step came to.

    Attributes:
        number: training steps done before it.
        loss: of its batch alone.
        weights: the largest absolute value of a trainable weight after it.
        sizes: the largest absolute value in each floating-point tensor of its batch, by path.
    """

    number: int
    loss: float
    weights: float
    sizes: Mapping[str, float]


@dataclasses.dataclass(eq=False)
class Moment:
    """The failing step, with the model as it was before it.

    Attributes:
        model: the model.
        step: training steps done before the failing one.
        batch: what it was trained on; None where that is not known.
        exact: whether the state is that of right before the step, and the step failed again.
        before: every variable's value before the step; None where that is not known.
        calm: the largest absolute value of each trainable weight when training began, by path.
        trace: the steps before and up to it.
        broken: paths of the variables that held no finite numbers after it.
        error: what the step raised, if it raised.
        batch_of: gives the batch of a step of the trace.
        rows_of: gives the rows of the data in that batch, where they are known.
        sound_when: whether the steps up to this one stay sound where each is trained on what a
            function makes of its number and batch.
    """

    model: keras.Model
    step: int
    batch: Any
    exact: bool
    before: copies.Values | None
    calm: Mapping[str, float]
    trace: list[Step]
    broken: list[str]
    error: BaseException | None = None
    batch_of: Callable[[int], Any] = lambda step: None
    rows_of: Callable[[int], np.ndarray | None] = lambda step: None
    sound_when: Callable[[Callable[[int, Any], Any]], bool] = lambda change: False

    def restore(self) -> None:
        """Gives every variable the value that it had before the step."""
        copies.put_back(self.before or [])
