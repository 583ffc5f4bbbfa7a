"""Checks that train a little: whether one batch is learned by heart, and how fast steps are."""

import math
import time

import keras
import tensorflow as tf

from dlkit.train import durations, feeds, rates, stepwise
from dlkit.train.checks.finding import FAIL, OK, WARNING, Finding
from dlkit.train.checks.subject import Subject

ROWS = 16  # of a batch are enough to learn by heart
STEPS, SECONDS = 400, 8.0  # what that may take, beside the tracing
LEARNED = 0.5  # of the first loss, when every answer is right
LEARNED_BLIND = 0.1  # of the first loss, where nobody counts right answers
TIMED = 4.0  # seconds of steps that are timed
ADAM = 3e-3


def overfit(subject: Subject) -> Finding:
    """Whether one batch is learned by heart, at the recipe's peak rate; if not, with Adam."""
    peak = subject.recipe.optimizer.learning_rate
    with stepwise.single_steps(subject.model), rates.settable(subject.model) as set_rate:
        set_rate(peak)
        found = _learn(subject)
    if found.learned:
        return Finding("one batch", OK, found.told)
    if found.out_of_time and found.falls:
        return Finding(
            "one batch",
            WARNING,
            f"{found.told}: it falls, and time was too short",
            "Take a smaller image or batch to see it learned",
        )
    subject.reset()
    again = _with_adam(subject)
    if again.learned:
        return Finding(
            "one batch",
            WARNING,
            f"{found.told} at the rate {peak:g}; Adam at {ADAM:g} learns it",
            f"Find a rate: dlkit lr-find {subject.words}",
        )
    return Finding(
        "one batch",
        FAIL,
        f"{found.told}; nor does Adam learn it at {ADAM:g}",
        "Look at the labels, at the loss, and at layers that pass nothing on",
    )


def speed(subject: Subject) -> Finding:
    """Steps a second with the real input, and what the whole recipe takes.

    They are timed one by one, so that it ends in seconds; done several at once they are no slower.
    """
    recipe, stream = subject.recipe, subject.run.stream
    steps = recipe.epochs * stream.steps_per_epoch
    timer = _Timer(TIMED)
    limit = "at most" if subject.model.steps_per_execution > 1 else "about"
    with stepwise.single_steps(subject.model):
        subject.model.fit(
            stream.dataset(epochs=recipe.epochs),
            verbose=0,
            shuffle=False,
            steps_per_epoch=steps,
            callbacks=[timer],
        )
    step = timer.seconds_a_step
    judged = recipe.epochs * _validation_steps(subject) / 3  # a step without its way back
    whole = timer.first + step * (steps - 1 + judged)
    told = (
        f"{1 / step:,.1f} a second, {recipe.batch_size / step:,.0f} examples; the first takes "
        f"{timer.first:.1f} s; all {recipe.epochs} epochs take {limit} {durations.whole(whole)}"
    )
    if recipe.max_time and whole > recipe.max_time:
        return Finding(
            "steps",
            WARNING,
            f"{told}, and max_time is {durations.whole(recipe.max_time)}",
            "Take fewer epochs, smaller images, or more time: --set max_time=0",
        )
    return Finding("steps", OK, told)


class _Learner(keras.callbacks.Callback):
    """Trains until the batch is known by heart, or time is up."""

    def __init__(self):
        super().__init__()
        self.losses: list[float] = []
        self.accuracy: float | None = None
        self.learned = self.out_of_time = False

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()  # else Keras logs the mean over all steps so far

    def on_train_batch_end(self, batch, logs=None):
        if not self.losses:
            self._ends = time.monotonic() + SECONDS  # the first step traces
        self.losses.append(float(logs["loss"]))
        self.accuracy = logs.get("accuracy")
        enough = LEARNED_BLIND if self.accuracy is None else LEARNED
        by_heart = self.accuracy is None or self.accuracy >= 1.0
        self.learned = by_heart and self.losses[-1] < enough * self.losses[0]
        self.out_of_time = time.monotonic() > self._ends
        if self.learned or self.out_of_time or not math.isfinite(self.losses[-1]):
            self.model.stop_training = True

    @property
    def falls(self) -> bool:
        return self.losses[-1] < 0.9 * self.losses[0]

    @property
    def told(self) -> str:
        accuracy = "" if self.accuracy is None else f", accuracy {self.accuracy:.2f}"
        return (
            f"loss from {self.losses[0]:.3g} to {self.losses[-1]:.2g}{accuracy} in "
            f"{len(self.losses)} steps"
        )


class _Timer(keras.callbacks.Callback):
    """Times the steps after the first, which traces, and ends after some seconds of them."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds
        self.first = 0.0
        self.steps = 0

    def on_train_begin(self, logs=None):
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if not self.first:
            self.first, self._since, self._skipped = now - self._began, now, batch + 1
        self.steps, self._last = batch + 1 - self._skipped, now
        if self.steps and now - self._since > self.seconds:
            self.model.stop_training = True

    @property
    def seconds_a_step(self) -> float:
        """Where there was but one step, all of it."""
        return (self._last - self._since) / self.steps if self.steps else self.first


def _validation_steps(subject: Subject) -> int:
    if not len(subject.source.splits.get("val", ())):
        return 0
    return feeds.validation(subject.recipe, subject.source).steps_per_epoch


def _learn(subject: Subject) -> _Learner:
    learner = _Learner()
    few = tf.nest.map_structure(lambda tensor: tensor[:ROWS], subject.plain_batch)
    data = tf.data.Dataset.from_tensors(few).repeat()
    subject.model.fit(data, steps_per_epoch=STEPS, verbose=0, shuffle=False, callbacks=[learner])
    return learner


def _with_adam(subject: Subject) -> _Learner:
    model = subject.model
    optimizer, function = model.optimizer, model.train_function
    model.optimizer, model.train_function = keras.optimizers.Adam(ADAM), None
    try:
        with stepwise.single_steps(model):
            return _learn(subject)
    finally:
        model.optimizer, model.train_function = optimizer, function
