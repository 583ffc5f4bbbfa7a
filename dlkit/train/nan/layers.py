"""Which layer it was: forwards, and backwards."""

import re
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.train.nan import numbers, watch
from dlkit.train.nan.cause import Cause
from dlkit.train.nan.moment import Moment

# Of TensorFlow's and Keras' errors, what says nothing: colours, nodes, introductions.
_NOISE = re.compile(r"\x1b\[\d+m|\{\{[^}]*\}\}|\[Op:\w+\]|Exception encountered when calling \S+")


def first_bad(moment: Moment, seen: watch.Watched) -> Cause | None:
    """The first layer that gives what is no finite number, though all that it takes is one.

    A layer may do so and mean it, as a mask of -inf does. So the step is run once more with
    the layer's bad values made 0; it is the cause if that mends the step.
    """
    suspects = [call for call in seen.calls if _breaks(call)]
    hidden = next((call for call in seen.calls if _all_hidden(call)), None)
    if hidden is not None:
        return Cause(
            "layer",
            hidden.name,
            f"({_kind(hidden)}) gives nan where all that it takes is -inf: a mask leaves nothing",
            "Leave each row of the mask one place at least",
        )
    if not suspects:
        return _raised(seen) if moment.error is not None else None
    guilty = [call for call in suspects if _mends(moment, call)]
    if not guilty and seen.sound:
        return None
    return _told((guilty or suspects)[0])


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


def _breaks(call: watch.Call) -> bool:
    return numbers.finite(call.inputs) and not numbers.finite(call.outputs)


def _mends(moment: Moment, call: watch.Call) -> bool:
    """Whether the step is sound once what this layer gives is made finite."""

    def patch(operation: keras.Operation, outputs: Any) -> Any:
        if operation is not call.operation:
            return outputs
        return keras.tree.map_structure(_made_finite, outputs)

    return watch.step(moment, patch=patch).sound


def _made_finite(tensor: Any) -> Any:
    if not isinstance(tensor, tf.Tensor) or not tensor.dtype.is_floating:
        return tensor
    # No gradient goes back: where a value is not finite, a slope is not either.
    return tf.stop_gradient(tf.where(tf.math.is_finite(tensor), tensor, tf.zeros_like(tensor)))


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
    given = " and ".join(filter(None, map(numbers.odd_ones, call.outputs)))
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
