"""Questions about the step: the weights it began with, its loss, its gradients, its update."""

import math
from typing import Any

import keras
import tensorflow as tf

from dlkit.data import names
from dlkit.train import optimizers
from dlkit.train.nan import copies, layers, losses, numbers, watch
from dlkit.train.nan.cause import Cause
from dlkit.train.nan.data_questions import are_classes
from dlkit.train.nan.moment import Moment, parts
from dlkit.train.nan.rewind import GROWN

HUGE = 1e6  # no sensible weight or factor is larger
BOUND = 1e19  # the square of what is larger is above float32's largest


def bad_weights(moment: Moment, seen: watch.Watched | None = None) -> Cause | None:
    """A weight that was no finite number before the step, which the update before did not do."""
    for variable, value in moment.before or ():
        if variable.path in moment.calm and not math.isfinite(copies.largest(value)):
            found = numbers.odd_ones(value)
            return Cause("weights", variable.path, f"held {found} before the first step")
    return None


def runaway(moment: Moment, seen: watch.Watched) -> Cause | None:
    """Weights that were huge from the start, or have grown without bound."""
    for path, size in moment.calm.items():
        if size > HUGE:
            return Cause("weights", path, f"was as large as {size:.3g} before the first step")
    grown_by = copies.growth(moment.calm, moment.before or [])
    path = max(grown_by, key=grown_by.get, default="")
    if not path or grown_by[path] < GROWN:
        return None
    now = next(copies.largest(value) for v, value in moment.before if v.path == path)
    grown = f"{path} has grown from {moment.calm[path]:.2g} to {now:.2g}"
    return _of_update(_optimizer(moment, seen, path), grown)


def factors(moment: Moment, seen: watch.Watched) -> Cause | None:
    """A regularizer's or a loss weight's factor that no number can be multiplied by."""
    for variable in moment.model.trainable_variables:
        regularizer = getattr(variable, "regularizer", None)
        if regularizer is None:
            continue
        term = float(regularizer(variable))
        if not term < BOUND:
            return Cause("regularizer", variable.path, f"adds {term:.3g} to the loss")
    for call in _adding_too_much(seen):
        return Cause(
            "regularizer",
            call.name,
            "adds a term to the loss that is no finite number, or about to be none",
        )
    for weight in losses.weights(moment.model):
        if not abs(weight) < HUGE:
            return Cause("loss_weight", "loss_weights", f"multiplies the loss by {weight:.3g}")
    return None


def _adding_too_much(seen: watch.Watched) -> list[watch.Call]:
    """The innermost layers that themselves add a term that is too large, all they see being sound.

    Where they take or give what is no finite number, the term has to be none.
    """
    adding = [call for call in seen.calls if any(map(_is_too_large, call.terms))]
    inner = [call for call in adding if not any(call.holds(other) for other in adding)]
    return [call for call in inner if numbers.finite([call.inputs, call.outputs])]


def _is_too_large(term: tf.Tensor) -> bool:
    return not numbers.finite(term) or numbers.largest(term) >= BOUND


def bad_loss(moment: Moment, seen: watch.Watched) -> Cause | None:
    """A loss that is no finite number though all that goes into it is one, or would be."""
    if seen.loss is None or numbers.finite(seen.loss):
        return None
    if not numbers.finite(_into_loss(seen)):
        seen = layers.mended(moment, seen)
    if seen.loss is None or numbers.finite(seen.loss) or not numbers.finite(_into_loss(seen)):
        return None
    outputs = numbers.floats(seen.predictions)
    lies = " and ".join(numbers.span(output) for output in outputs)
    told = f"; they lie in {lies}{_no_probabilities(moment, outputs)}" if outputs else ""
    return Cause(
        "loss",
        losses.name(moment.model),
        f"gives {numbers.odd_ones(seen.loss)} on finite outputs{told}",
    )


def _into_loss(seen: watch.Watched) -> Any:
    """What the loss is computed from, as far as that is known."""
    outputs = [call.outputs for call in seen.calls]
    return outputs if seen.predictions is None else seen.predictions


def _no_probabilities(moment: Moment, outputs: list[tf.Tensor]) -> str:
    labels = numbers.named(parts(moment.batch)["y"])
    odd = any(
        are_classes(y, output, losses.are_sparse(moment.model))
        and numbers.largest(y) < output.shape[-1]
        and (float(tf.reduce_min(output)) < 0 or float(tf.reduce_max(output)) > 1)
        for (_, y), output in zip(labels, outputs, strict=False)
    )
    return ", so they are no probabilities" if odd else ""


def bad_gradient(moment: Moment, seen: watch.Watched) -> Cause | None:
    """A gradient that is no finite number where the loss is one."""
    broken = [v for v, g in seen.gradients if g is not None and not numbers.finite(g)]
    if not broken or not numbers.finite(seen.loss):
        return None
    of = f"the gradient of {names.listed([v.path for v in broken], most=3)}"
    if not numbers.finite(seen.slopes([numbers.floats(seen.predictions)])):
        name = losses.name(moment.model)
        return Cause("gradient", name, f"has no finite slope at these outputs, and so {of} is none")
    call = layers.breaks_gradient(seen)
    if call is None:
        return Cause("gradient", broken[0].path, f"gets no finite numbers: {of} is none")
    return Cause(
        "gradient", call.name, f"has no finite slope at what goes into it, and so {of} is none"
    )


def bad_update(moment: Moment, seen: watch.Watched) -> Cause | None:
    """Weights that are no finite numbers after a step whose gradients are."""
    if not seen.sound or not moment.broken:
        return None
    weights = [path for path in moment.broken if path in moment.calm] or moment.broken
    of = f"{names.listed(weights, most=3)} is no finite number after a step whose gradients are"
    optimizer = _optimizer(moment, seen, weights[0])
    if getattr(optimizer, "epsilon", None) == 0:
        return Cause(
            "update",
            optimizer.name,
            f"divides by nothing, for its epsilon is 0 and a gradient was: {of}",
            "Give it an epsilon: 1e-7",
        )
    return _of_update(optimizer, of)


def _optimizer(moment: Moment, seen: watch.Watched, path: str) -> keras.optimizers.Optimizer:
    """The one that changes a weight, without a loss scale around it."""
    return optimizers.inner(seen.optimizers.get(path, moment.model.optimizer))


def _of_update(optimizer: keras.optimizers.Optimizer, what: str) -> Cause:
    """Steps that are too large: for the rate, or for the weight decay."""
    rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    decay = getattr(optimizer, "weight_decay", None) or 0.0
    if decay * rate > 1:
        fix = "Choose a decay far below 1 / rate, such as --set optimizer.weight_decay=1e-4"
        where = f"the weight decay {decay:g}"
        return Cause("update", where, f"times the rate {rate:.3g} is above 1: {what}", fix)
    return Cause("update", f"the learning rate {rate:.3g}", f"is too high: {what}")
