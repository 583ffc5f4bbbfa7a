"""Which layer it was: forwards, and backwards."""

import re
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.train.nan import numbers, watch
from dlkit.train.nan.cause import Cause
from dlkit.train.nan.moment import Moment

HUGE = 1e6  # no sensible activation is larger
TAME = 0.5  # has a logarithm and a root, and can be divided by

# Of TensorFlow's and Keras' errors, what says nothing: colours, nodes, introductions.
_NOISE = re.compile(r"\x1b\[\d+m|\{\{[^}]*\}\}|\[Op:\w+\]|Exception encountered when calling \S+")


def first_bad(moment: Moment, seen: watch.Watched) -> Cause | None:
    """The first layer that gives what is no finite number, though all that it takes is one.

    A layer may do so and mean it, as a mask of -inf does. So it is asked for where the loss is
    none either, and the step is run again with the bad values of such layers made small: what need
    not be mended for a finite loss is no cause.
    """
    if seen.passes:
        return None
    needed = _needed(moment, _suspects(seen))
    if needed:
        return _told(needed[0])
    return _raised(seen) if moment.error is not None else None


def mended(moment: Moment, seen: watch.Watched) -> watch.Watched:
    """The step once more, with the bad values that layers begin to give made small."""
    return _patched(moment, _suspects(seen))


def breaks_gradient(seen: watch.Watched) -> watch.Call | None:
    """The layer nearest to the loss that is handed back a finite gradient and hands on another."""
    backs = seen.slopes([call.outputs for call in seen.calls])
    ons = seen.slopes([call.inputs for call in seen.calls])
    of_weights = {id(v): g for v, g in seen.gradients if g is not None}
    breaking = []
    for call, back, on in zip(seen.calls, backs, ons, strict=True):
        own = [of_weights.get(id(v)) for v in getattr(call.operation, "trainable_variables", ())]
        if back and numbers.finite(back) and not numbers.finite([on, own]):
            breaking.append(call)
    breaking = [call for call in breaking if numbers.finite(call.inputs)] or breaking
    inner = [call for call in breaking if not any(call.holds(other) for other in breaking)]
    return inner[-1] if inner else None


def table(seen: watch.Watched) -> list[dict[str, Any]]:
    """What every call gave, in order: plain values for a report."""
    return [
        {
            "layer": call.name,
            "kind": _kind(call),
            "dtype": call.outputs[0].dtype.name,
            "range": numbers.span(
                tf.concat([tf.reshape(tf.cast(t, tf.float64), [-1]) for t in call.outputs], 0)
            ),
            "not_finite": " ".join(filter(None, map(numbers.odd_ones, call.outputs))),
        }
        for call in seen.calls
        if call.outputs
    ]


def _suspects(seen: watch.Watched) -> list[watch.Call]:
    """Calls that give what is no finite number without having taken such, or only -inf."""
    return [
        call
        for call in seen.calls
        if not numbers.finite(call.outputs) and (numbers.finite(call.inputs) or _all_hidden(call))
    ]


def _needed(moment: Moment, suspects: list[watch.Call]) -> list[watch.Call]:
    """Those that have to be mended for a finite loss; none, where mending them all does not help.

    The outer ones and the earlier ones are the first to be let off.
    """
    if not suspects or not _patched(moment, suspects).passes:
        return []
    needed = sorted(suspects, key=lambda call: call.begun)
    for call in tuple(needed):
        others = [other for other in needed if other.operation is not call.operation]
        if others and _patched(moment, others).passes:
            needed = others
    return needed


def _patched(moment: Moment, calls: list[watch.Call]) -> watch.Watched:
    operations = {id(call.operation) for call in calls}

    def patch(operation: keras.Operation, outputs: Any) -> Any:
        if id(operation) not in operations:
            return outputs
        return keras.tree.map_structure(_made_small, outputs)

    return watch.step(moment, patch=patch)


def _made_small(tensor: Any) -> Any:
    if not isinstance(tensor, tf.Tensor) or not tensor.dtype.is_floating:
        return tensor
    bound = min(HUGE, float(tensor.dtype.max))  # what explodes is huge before it is no number
    small = tf.where(tf.abs(tensor) <= bound, tensor, tf.cast(TAME, tensor.dtype))
    # No gradient goes back: where a value is not finite, a slope is not either.
    return watch.like(tensor, tf.stop_gradient(small))


def _all_hidden(call: watch.Call) -> bool:
    """Whether it gives nan in just those rows in which it takes nothing but -inf, as softmax."""
    if not (call.inputs and call.outputs) or call.inputs[0].shape != call.outputs[0].shape:
        return False
    taken, given = (np.asarray(t[0], np.float64) for t in (call.inputs, call.outputs))
    if not taken.ndim or np.isnan(taken).any():
        return False
    rows = np.isnan(given).any(axis=-1)
    return bool(rows.any() and (taken[rows] == -np.inf).all())


def _told(call: watch.Call) -> Cause:
    if _all_hidden(call):
        return Cause(
            "layer",
            call.name,
            f"({_kind(call)}) gives nan where all that it takes is -inf: a mask leaves nothing",
            "Leave each row of the mask one place at least",
        )
    given = " and ".join(filter(None, dict.fromkeys(map(numbers.odd_ones, call.outputs))))
    dtype = call.outputs[0].dtype
    if dtype == tf.float16 and _is_finite_in_float32(call):
        taken = max(map(numbers.largest, (call.inputs,)))
        return Cause(
            "float16",
            call.name,
            f"({_kind(call)}) gives {given}: its result is above "
            f"65504, float16's largest; what it takes is up to {taken:.3g}",
        )
    taken = " and ".join(map(numbers.span, call.inputs)) or "nothing"
    return Cause(
        "layer", call.name, f"({_kind(call)}) gives {given}; what it takes lies in {taken}"
    )


def _is_finite_in_float32(call: watch.Call) -> bool:
    wide = call.again(lambda t: tf.cast(t, tf.float32) if t.dtype == tf.float16 else t)
    return numbers.finite(wide)


def _raised(seen: watch.Watched) -> Cause | None:
    call = next((call for call in seen.calls if call.raised), None)  # those around it end later
    if call is None:
        return None
    told = _NOISE.sub(" ", str(getattr(seen.error, "message", seen.error)))
    told = " ".join(told.partition("Arguments received")[0].split())
    return Cause("layer", call.name, f"({_kind(call)}) raised: {told[:300]}", "Mend what it takes")


def _kind(call: watch.Call) -> str:
    return type(call.operation).__name__
