"""The learning-rate range test: how the loss takes to rates from far too low to far too high.

The rate rises exponentially from step to step, and the loss is drawn over it: first it stays, then
it falls, then it leaps up. Source: Smith, "Cyclical learning rates for training neural networks",
WACV 2017, section 3.3; the exponential rise is fast.ai's.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.registry.errors import DlkitError, UsageError
from dlkit.train import checkpoint, construct, rates, state, stepwise

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 160
WIDTH = 0.2  # decades: the standard deviation of the bell that smooths the curve
FALL = 0.05  # of the first loss: what falls less has not learned at any rate
LEAP = 0.2  # of the first loss: a fall after which a climb is told from noise
FIRST = 10  # steps whose mean is the loss at the beginning


class NotFinite(DlkitError):
    """The loss is no finite number from the lowest rates on: it is not the rate that is wrong."""


@dataclasses.dataclass(frozen=True, eq=False)
class Sweep:
    """What a range test saw.

    Attributes:
        rates: (n,) the learning rates, rising; those after a divergence are left out.
        losses: (n,) the loss of each step's batch, before the step; all finite.
        smooth: (n,) the losses, smoothed over the logarithm of the rate.
        diverged: whether the loss leapt up before the highest rate was reached.
    """

    rates: np.ndarray
    losses: np.ndarray
    smooth: np.ndarray
    diverged: bool

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss is least; soon after it leaps up."""
        return float(self.rates[self._best])

    @property
    def steepest(self) -> float:
        """The rate before `lowest` at which the smoothed loss falls steepest."""
        slope = np.gradient(self.smooth, np.log10(self.rates))
        return float(self.rates[int(np.argmin(slope[: self._best + 1]))])

    @property
    def suggestion(self) -> float | None:
        """Half-way from `steepest` to `lowest`, to two digits; None where the loss hardly falls.

        Half-way on the logarithmic axis: √(steepest · lowest). The steepest descent alone is safe
        and often slow, a tenth of `lowest`, the other rule in use, is slower still, and `lowest` is
        next to the leap. Final validation losses on digits, with the peak of the recipe's cosine
        at the steepest, half-way, and at a tenth of the lowest (means of 2 or 3 seeds): lenet5 with
        Adam 0.038, 0.021, 0.044; with SGD 0.020, 0.031, 0.040; resnet20 with SGD 0.040, 0.021,
        0.084.
        """
        first = float(self.losses[:FIRST].mean())
        if self._best < 2 or first - self.smooth[self._best] < FALL * abs(first):
            return None
        return float(f"{np.sqrt(self.steepest * self.lowest):.2g}")

    @property
    def _best(self) -> int:
        return int(np.argmin(self.smooth))


def sweep(
    model: keras.Model,
    data: tf.data.Dataset,
    *,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
    verbose: int = 0,
) -> Sweep:
    """Trains on rising rates, and puts weights, optimizer and seeds back as they were.

    Args:
        model: compiled and built; any optimizer of Keras, its rate a number or a schedule.
        data: batches to train on; they are repeated as needed.
        lowest: the first rate.
        highest: the last rate.
        steps: steps from one to the other; at least 20.
        verbose: as of `fit`.

    Raises:
        UsageError: the model is not ready to be trained, or an argument makes no sense.
        NotFinite: one of the first ten losses is no finite number.

    Example:
        >>> data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(32)
        >>> lr_find.sweep(model, data).suggestion
        0.0015
    """
    _check(model, lowest, highest, steps)
    with _untouched(model), stepwise.single_steps(model), rates.settable(model) as set_rate:
        rising = _Rising(np.geomspace(lowest, highest, steps), set_rate)
        model.fit(
            data.repeat(), steps_per_epoch=steps, verbose=verbose, callbacks=[rising], shuffle=False
        )
    return _judged(rising.rates, rising.losses, rising.diverged)


def of_run(run: Any, **options: Any) -> Sweep:
    """The sweep of a run's model, optimizer and stream; nothing is written to its folder.

    Args:
        run: a `dlkit.Run`.
        **options: those of `sweep`.
    """
    steps_per_epoch = run.stream.steps_per_epoch
    model = construct.compiled(run.recipe, run.task, run.source, steps_per_epoch)
    epochs = -(-options.get("steps", STEPS) // steps_per_epoch)
    return sweep(model, run.stream.dataset(epochs=epochs), **options)


class _Rising(keras.callbacks.Callback):
    """Sets the next rate before each step, and ends where the loss leaps up.

    That is where its running mean has climbed half of its fall back; where it never fell much,
    half of itself up.
    """

    def __init__(self, rates: np.ndarray, set_rate: Callable[[float], None]):
        super().__init__()
        self.rates = rates
        self.set_rate = set_rate
        self.losses: list[float] = []
        self.diverged = False
        self._mean = 0.0
        self._least = np.inf

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()  # else Keras logs the mean over all batches so far
        self.set_rate(float(self.rates[batch]))

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is None:
            raise UsageError("the model logs no loss.", "Return one from train_step: {'loss': …}")
        self.losses.append(float(loss))
        self._mean += 0.1 * (loss - self._mean)
        mean = self._mean / (1 - 0.9 ** len(self.losses))  # Kingma & Ba 2015, section 3
        self._least = min(self._least, mean)
        first = float(np.mean(self.losses[:FIRST]))
        fallen = first - self._least > LEAP * abs(first)
        limit = (first + self._least) / 2 if fallen else first + abs(first) / 2
        if not np.isfinite(loss) or (mean > limit and len(self.losses) > FIRST):
            self.diverged = self.model.stop_training = True


@contextlib.contextmanager
def _untouched(model: keras.Model) -> Iterator[None]:
    """Puts every variable and the history back."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    before, history = state.capture(model), getattr(model, "history", None)
    try:
        yield
    finally:
        state.restore(model, checkpoint.Saved(path=pathlib.Path("before the sweep"), arrays=before))
        model.history, model.stop_training = history, False


def _judged(seen: np.ndarray, losses: list[float], diverged: bool) -> Sweep:
    found = np.array(losses, float)
    found = found[: np.argmin(np.isfinite(found))] if not np.isfinite(found).all() else found
    if len(found) < FIRST:
        raise NotFinite(
            f"the loss is no finite number at the lowest rates: in step {len(found) + 1}, at "
            f"{seen[len(found)]:.2g}.",
            "Look into it: dlkit check NAME",
        )
    seen = seen[: len(found)]
    away = np.log10(seen[:, None] / seen[None, :]) / WIDTH
    bell = np.exp(-(away**2) / 2)
    return Sweep(seen, found, bell @ found / bell.sum(axis=1), diverged)


def _check(model: keras.Model, lowest: float, highest: float, steps: int) -> None:
    if not getattr(model, "compiled", False):
        raise UsageError("the model is not compiled.", "Do it: model.compile(optimizer, loss)")
    if not model.trainable_variables:
        raise UsageError(
            "the model has no weights yet.", "Begin it with keras.Input(shape), or call it once"
        )
    if not 0 < lowest < highest:
        raise UsageError(
            f"the rates rise from above 0, not from {lowest!r} to {highest!r}.",
            "As in: lowest=1e-7, highest=10",
        )
    if steps < 2 * FIRST:
        raise UsageError(f"{steps} steps are too few to see a curve.", "Take 100 to 200")
