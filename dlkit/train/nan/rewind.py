"""Back to the step at which a training went wrong.

A copy of every variable is taken now and then, so seldom that the copying takes `SHARE` of the
time. From there the steps are run again by the very function that `fit` runs, until one of them
gives a loss or a weight that is no finite number; then once more, up to that step.
"""

import functools
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.train.nan import copies, numbers
from dlkit.train.nan.batches import Kept, Sought
from dlkit.train.nan.copies import Values
from dlkit.train.nan.moment import Moment, Step, parts

SHARE = 0.0025  # of the time may go into copies
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

    def mark(self, step: int, copy: bool = True) -> list[str]:
        """Copies the state before a step, if it is sound, and no weight of it is running away.

        Args:
            step: training steps done before it.
            copy: whether it is copied; else it is only looked at, but for the first time.

        Returns:
            The paths of variables that are not sound; the copy before is then kept.
        """
        if not self.model.trainable_variables:  # a model that its first batch is yet to build
            return []
        began = time.perf_counter()
        broken, first = self._broken(), self.values is None
        if first:
            broken = self._begin(broken)
        if first or (copy and not broken and not self._may_run_away()):
            self.values = None  # let go before the next is taken: there are never two
            self.values, self.step = copies.take(self.model), step
            self.batches.forget(step)
            self._cost = time.perf_counter() - began
        if copy:
            self._at = time.perf_counter()
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
        self,
        run: Callable[[Any], float],
        last: int,
        error: BaseException | None = None,
        at_once: int = 1,
    ) -> Moment:
        """Replays from the copy to the first step that fails.

        Args:
            run: trains on a batch and gives its loss.
            last: the step at which the failure was seen; of an error, the first that it can be of.
            error: what was raised, if something was.
            at_once: steps that ran in one call, of each of which an error can be.
        """
        if self.values is None or not self.batches.knows(self.step):  # the state is an older one
            return self._moment(last, self._batch(last), False, self.values, [], error)
        until = last + (at_once if error is not None else 1)
        trace, broken, raised = self._replay(run, until)
        number = self.step + len(trace) - (raised is None)
        exact = bool(raised or broken or (trace and not math.isfinite(trace[-1].loss)))
        failing = number if exact else last
        self._return()
        batches = self.batches.since(self.step)
        for _ in range(self.step, failing):
            run(next(batches))
        before, batch = copies.take(self.model), next(batches, None)
        moment = self._moment(failing, batch, exact, before, trace, raised if exact else error)
        moment.broken = [variable.path for variable in broken]
        if exact:
            moment.sound_when = functools.partial(self._is_sound_when, moment, run)
        return moment

    def _replay(
        self,
        run: Callable[[Any], float],
        until: int,
        change: Callable[[int, Any], Any] = lambda number, batch: batch,
    ) -> tuple[list[Step], list[keras.Variable], Exception | None]:
        """Runs the steps from the copy on, to the first that fails or raises.

        Returns:
            What the steps came to, the variables that the last one broke, and what it raised.
        """
        self._return()
        trace = []
        steps = zip(range(self.step, until), self.batches.since(self.step), strict=False)
        for number, batch in steps:
            try:
                trace.append(self._replayed(run, number, change(number, batch)))
            except tf.errors.InvalidArgumentError as error:
                return trace, [], error
            broken = self._broken()
            if broken or not math.isfinite(trace[-1].loss):
                return trace, broken, None
        return trace, [], None

    def _is_sound_when(
        self, moment: Moment, run: Callable[[Any], float], change: Callable[[int, Any], Any]
    ) -> bool:
        try:
            trace, broken, raised = self._replay(run, moment.step + 1, change)
            grown = self._have_grown()
        finally:
            moment.restore()
        return raised is None and not broken and math.isfinite(trace[-1].loss) and not grown

    def _moment(self, step, batch, exact, before, trace, error) -> Moment:
        found = Moment(self.model, step, batch, exact, before, self.calm, trace, [], error)
        found.batch_of, found.rows_of = self._batch, self.batches.rows_of
        found.restore()
        return found

    def _batch(self, number: int) -> Any:
        return next(self.batches.since(number), None)

    def _return(self) -> None:
        """Back to the copy; slots that an optimizer of the step's author made since are 0 again."""
        copies.put_back(self.values)
        known = {id(v) for v, _ in self.values}
        for optimizer in copies.optimizers(self.model):
            for v in optimizer.variables:
                if id(v) not in known and len(v.shape):
                    v.assign(np.zeros(v.shape, v.dtype))

    def _may_run_away(self) -> bool:
        grown = self._patience > 0 and self._have_grown()
        self._patience = self._patience - 1 if grown else PATIENCE
        return grown

    def _have_grown(self) -> bool:
        weights = ((v, copies.value_of(v)) for v in self.model.trainable_variables)
        return max(copies.growth(self.calm, weights).values(), default=0) > GROWN

    def _begin(self, broken: list[keras.Variable]) -> list[keras.Variable]:
        """Notes how large weights are at first; what never is trained may hold -inf from then."""
        weights = self.model.trainable_variables
        trainable = {id(v) for v in weights}
        self._excused = {id(v) for v in broken if id(v) not in trainable}
        self.calm = {v.path: copies.largest(copies.value_of(v)) for v in weights}
        return [v for v in broken if id(v) in trainable]

    def _broken(self) -> list[keras.Variable]:
        spared = self._excused | {id(v) for v in self.model.metrics_variables}
        watched = [v for v in copies.variables(self.model) if id(v) not in spared]
        return [v for v in watched if not copies.finite(copies.value_of(v))]

    def _replayed(self, run: Callable[[Any], float], number: int, batch: Any) -> Step:
        loss = run(batch)
        values = [copies.value_of(v) for v in self.model.trainable_variables]
        weights = max(map(copies.largest, values), default=0.0)
        weights = weights if all(map(copies.finite, values)) else math.nan
        sizes = {
            path: numbers.largest(tensor)
            for name, part in parts(batch).items()
            for path, tensor in numbers.named(part, name)
            if tensor.dtype.is_floating
        }
        return Step(number, loss, weights, sizes)
