"""Learning-rate schedules by the names that a recipe uses: functions of the step alone.

A step is a batch, also where gradients are gathered over several before the weights move
(`optimizer.accumulate`): Keras hands its schedules the count of batches. So a schedule ends with
the run's last batch whatever is gathered, and a run that goes on at a step goes on with its rate.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from dlkit.train import schedule_options


def constant(t: Any, begin: int, steps: int) -> Any:
    """1 throughout."""
    return ops.ones_like(t)


def cosine(t: Any, begin: int, steps: int, *, end: float) -> Any:
    """Down half a wave: end + (1 - end) · (1 + cos(π·p)) / 2.

    p is the share of the steps after the warm-up.

    Source: Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
    equation 5, without restarts.
    """
    p = _share(t, begin, steps)
    return end + (1 - end) * (1 + ops.cos(math.pi * p)) / 2


def step(t: Any, begin: int, steps: int, *, milestones: tuple[float, ...], factor: float) -> Any:
    """`factor` times the rate from each milestone on, a share of the whole run.

    Source: He et al., "Deep residual learning for image recognition", CVPR 2016, section 4.2: a
    tenth at 32,000 and 48,000 of 64,000 iterations.
    """
    rate = ops.ones_like(t)
    for milestone in milestones:
        rate = rate * ops.where(t >= round(milestone * steps), factor, 1.0)
    return rate


def exponential(t: Any, begin: int, steps: int, *, factor: float, periods: float) -> Any:
    """`factor` times the rate after each of so many equal periods of the whole run.

    Source: Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016,
    section 8: 0.94 after every two epochs, which is 50 periods in 100 epochs.
    """
    last = max(steps - 1, 0)
    return factor ** ops.floor(ops.minimum(t, last) * periods / max(1, steps))


def polynomial(t: Any, begin: int, steps: int, *, power: float, end: float) -> Any:
    """Down a power: end + (1 - end) · (1 - p)^power.

    p is the share of the steps after the warm-up. Power 1 is a straight line, 0.9 the `poly` of
    Chen et al., "DeepLab", TPAMI 2018.
    """
    return end + (1 - end) * (1 - _share(t, begin, steps)) ** power


def one_cycle(
    t: Any, begin: int, steps: int, *, up: float, down: float, start: float, end: float
) -> Any:
    """Three straight lines: `start` to the peak, back to `start`, and on to `end`.

    They take `up`, `down` and the remaining share of the run. Only the learning rate cycles: the
    momentum of Keras' optimizers is a constant, so the paper's opposite cycle of it is not done.

    Source: Smith & Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2018, section 3: one cycle, shorter than the run, then several orders of
    magnitude below where it began.
    """
    corners = ((0, start), (up * steps, 1.0), ((up + down) * steps, start), (steps, end))
    rate = ops.full_like(t, end)
    for (left, before), (right, after) in reversed(tuple(itertools.pairwise(corners))):
        line = before + (after - before) * (t - left) / max(right - left, 1e-6)
        rate = ops.where(t < right, line, rate)
    return rate


SHAPES: dict[str, Callable[..., Any]] = {
    "constant": constant,
    "cosine": cosine,
    "step": step,
    "exponential": exponential,
    "polynomial": polynomial,
    "one-cycle": one_cycle,
}
"""Each takes the step t, the steps of warm-up, all steps, its options; gives shares of the peak."""


@keras.saving.register_keras_serializable(package="dlkit")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """peak · (t + 1) / (warm-up + 1) while t < warm-up, then peak · shape(t).

    The rise is a straight line that the first step begins above zero and that reaches the peak at
    the step after the warm-up (Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2).

    Args:
        name: a key of `SHAPES`.
        peak: the highest rate.
        steps: batches of the whole run; later steps have the last rate.
        warmup_steps: batches of the rise.
        options: see `schedule_options.OPTIONS`.

    Raises:
        UsageError: there is no such schedule or option.

    Example:
        >>> rate = Schedule("polynomial", 0.1, steps=100, options={"end": 0.5})
        >>> [float(rate(t)) for t in (0, 50, 100)]
        [0.10000000149011612, 0.07500000298023224, 0.05000000074505806]
    """

    def __init__(
        self,
        name: str,
        peak: float,
        steps: int,
        warmup_steps: int = 0,
        options: Mapping[str, Any] | None = None,
    ):
        self.name = name
        self.peak = float(peak)
        self.steps = int(steps)
        self.warmup_steps = int(warmup_steps)
        self.options = schedule_options.read(name, options or {}, warmup_steps)

    def __call__(self, step):
        """The rate of a step, a float32 scalar.

        Args:
            step: batches before it, a whole number or a scalar tensor.
        """
        t = ops.cast(step, "float32")
        shape = SHAPES[self.name](t, self.warmup_steps, self.steps, **self.options)
        rising = (t + 1) / (self.warmup_steps + 1)
        return self.peak * ops.where(t < self.warmup_steps, rising, shape)

    def get_config(self):
        """What makes the same schedule anew."""
        return {
            "name": self.name,
            "peak": self.peak,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
            "options": {k: list(v) if k == "milestones" else v for k, v in self.options.items()},
        }


def learning_rate(
    name: str,
    peak: float,
    steps: int,
    warmup_steps: int = 0,
    options: Mapping[str, Any] | None = None,
) -> float | Schedule:
    """A recipe's schedule over a run of `steps` batches.

    A constant rate without warm-up is the plain number, which callbacks such as
    `ReduceLROnPlateau` may change.
    """
    if name == "constant" and not warmup_steps:
        schedule_options.read(name, options or {})
        return float(peak)
    return Schedule(name, peak, steps, warmup_steps, options)


def _share(t: Any, begin: int, steps: int) -> Any:
    """How much of the steps after `begin` is done, 0 … 1."""
    return ops.clip((t - begin) / max(1, steps - begin), 0.0, 1.0)
