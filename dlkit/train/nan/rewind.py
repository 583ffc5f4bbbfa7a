"""Back to the step at which a training went wrong.

A copy of every variable is taken now and then, so seldom that the copying takes a hundredth of the
time. From there the steps are run again by the very function that `fit` runs, until one of them
gives a loss or a weight that is no finite number; then once more, up to that step.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from dlkit.train.nan import copies, numbers
from dlkit.train.nan.batches import Kept, Sought
from dlkit.train.nan.copies import Values
from dlkit.train.nan.moment import Moment, Step, parts

SHARE = 0.01  # of the time may go into copies
GROWN = 100  # times as large as at first: weights that may be running away
PATIENCE = 10  # copies that are not taken of such weights, so that a replay begins before it


class Rewind:
    """A recent sound state of a model in training.

    Args:
        model: a compiled model.
        batches: where past batches come from.
        step: training steps done already.
    """

    def __init__(self, model: keras.Model, batches: Sought | Kept, step: int = 0):
        self.model = model
        self.batches = batches
        self.step = step
        self.values: Values | None = None
        self.calm: dict[str, float] = {}
        self._excused: set[int] = set()
        self._patience = PATIENCE
        self._at = self._cost = 0.0

    def due(self) -> bool:
        """Whether it is time for the next copy."""
        passed = time.perf_counter() - self._at
        return self.values is None or passed >= self._cost / SHARE

    def mark(self, step: int) -> list[str]:
        """Copies the state before a step, if it is sound, and no weight of it is running away.

        Returns:
            The paths of variables that are not; the copy before is then kept.
        """
        if not self.model.trainable_variables:  # a model that its first batch is yet to build
            return []
        began = time.perf_counter()
        values = copies.take(self.model)
        broken = self._broken(values)
        if self.values is None:
            broken = self._begin(values, broken, step)
        if not broken and not self._may_run_away(values):
            self.values, self.step = values, step
            self.batches.forget(step)
        self._at = time.perf_counter()
        self._cost = self._at - began
        return [variable.path for variable in broken]

    def onto(self, model: keras.Model) -> "Rewind":
        """The same state for another model that was built and compiled alike.

        Of a model with several replicas this is one on a single device: it does the same steps on
        whole batches, and makes no sums that other processes would have to take part in.
        """
        found = Rewind(model, self.batches, self.step)
        model.optimizer.build(model.trainable_variables)
        if self.values is not None:
            found.values = copies.moved(self.values, self.model, model)
            pairs = zip(self.model.variables, model.variables, strict=True)
            other = {mine.path: its for mine, its in pairs}
            found.calm = {other[path].path: size for path, size in self.calm.items()}
            found._excused = {
                id(other[v.path]) for v in self.model.variables if id(v) in self._excused
            }
        return found

    def find(
        self, run: Callable[[Any], float], last: int, error: BaseException | None = None
    ) -> Moment:
        """Replays from the copy to the first step that fails.

        Args:
            run: trains on a batch and gives its loss.
            last: the step at which the failure was seen.
            error: what it raised, if it raised.
        """
        if self.values is None:
            return self._moment(last, self._batch(last), False, None, [], error)
        if not self.batches.knows(self.step):  # it is too long ago: the state is an older one
            return self._moment(last, self._batch(last), False, self.values, [], error)
        self._return()
        trace, broken, failing, exact = [], [], last, error is not None
        for number, batch in zip(
            range(self.step, last + 1), self.batches.since(self.step), strict=False
        ):
            if error is not None and number == last:
                break
            trace.append(self._replayed(run, number, batch))
            broken = self._broken(copies.take(self.model))
            if broken or not math.isfinite(trace[-1].loss):
                failing, exact = number, True
                break
        self._return()
        batches = self.batches.since(self.step)
        for _ in range(self.step, failing):
            run(next(batches))
        before, batch = copies.take(self.model), next(batches, None)
        moment = self._moment(failing, batch, exact, before, trace, error)
        moment.broken = [variable.path for variable in broken]
        return moment

    def _moment(self, step, batch, exact, before, trace, error) -> Moment:
        found = Moment(self.model, step, batch, exact, before, self.calm, trace, [], error)
        found.batch_of, found.rows_of = self._batch, self.batches.rows_of
        found.restore()
        return found

    def _batch(self, number: int) -> Any:
        return next(self.batches.since(number), None)

    def _return(self) -> None:
        """Back to the copy; what the optimizer has made since its first step is 0 again."""
        copies.put_back(self.values)
        known = {id(v) for v, _ in self.values}
        for optimizer in copies.optimizers(self.model):
            for v in optimizer.variables:
                if id(v) not in known and (len(v.shape) or v is optimizer.iterations):
                    v.assign(np.zeros(v.shape, v.dtype))

    def _may_run_away(self, values: Values) -> bool:
        grown = (
            self._patience > 0 and max(copies.growth(self.calm, values).values(), default=0) > GROWN
        )
        self._patience = self._patience - 1 if grown else PATIENCE
        return grown

    def _begin(
        self, values: Values, broken: list[keras.Variable], step: int
    ) -> list[keras.Variable]:
        """Notes how large weights are at first; what never is trained may hold -inf from then."""
        trainable = {id(v) for v in self.model.trainable_variables}
        self._excused = {id(v) for v in broken if id(v) not in trainable}
        self.calm = {v.path: copies.largest(value) for v, value in values if id(v) in trainable}
        wrong = [v for v in broken if id(v) in trainable]
        if wrong:
            self.values, self.step = values, step
        return wrong

    def _broken(self, values: Values) -> list[keras.Variable]:
        spared = self._excused | {id(v) for v in self.model.metrics_variables}
        return [v for v, value in values if id(v) not in spared and not copies.finite(value)]

    def _replayed(self, run: Callable[[Any], float], number: int, batch: Any) -> Step:
        loss = run(batch)
        values = [v.value for v in self.model.trainable_variables]
        weights = numbers.largest(values) if numbers.finite(values) else math.nan
        sizes = {name: numbers.largest(part) for name, part in parts(batch).items()}
        return Step(number, loss, weights, sizes)
