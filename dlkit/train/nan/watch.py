"""A training step run eagerly, and what every layer took, gave and was handed back in it.

The step is the model's own `train_step`, so that a custom one is watched too. While it runs, each
call of a layer or operation is noted, the optimizer notes its gradients in the place of using
them, and a tape of our own follows, which knows how the loss changes with what went into a layer.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from dlkit.train.nan import numbers
from dlkit.train.nan.copies import optimizers
from dlkit.train.nan.moment import Moment
from dlkit.train.nan.record import Call, Watched


def step(
    moment: Moment,
    batch: Any = None,
    *,
    patch: Callable[[keras.Operation, Any], Any] | None = None,
    tape: bool = False,
) -> Watched:
    """Runs the failing step from the state before it; the state is the same again afterwards.

    Args:
        moment: the model and its state.
        batch: what to train on in the place of the moment's own.
        patch: changes what operations give: takes an operation and its outputs.
        tape: whether `slopes` will be asked for.
    """
    moment.restore()
    model, found = moment.model, Watched()
    batch = moment.batch if batch is None else batch
    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(_noting_calls(found, patch))
            stack.enter_context(_noting_loss(model, found))
            stack.enter_context(_noting_gradients(model, found))
            if tape:
                found.tape = stack.enter_context(tf.GradientTape(persistent=True))
            logs = model.train_step(batch)
            if found.loss is None:
                found.loss = _sum_of_losses(logs)
    except Exception as error:  # noqa: BLE001 (whatever the step raises is a finding)
        found.error = error
    finally:
        tf.config.run_functions_eagerly(eager)
        moment.restore()
    for call in found.calls:
        call.terms = numbers.floats(getattr(call.operation, "losses", ()))
    return found


@contextlib.contextmanager
def _noting_calls(found: Watched, patch: Any) -> Iterator[None]:
    """Lets every operation's call pass through our hands."""
    original = keras.Operation.__call__
    clock = iter(range(2**62))

    def watched(self, *args, **kwargs):
        # A copy of its own tells its gradient from that of others who take the same tensor.
        args, kwargs = _mapped(_twin, (args, kwargs))

        def again(change):
            changed = _mapped(change, (args, kwargs))
            return self.call(*changed[0], **changed[1])

        call = Call(self, next(clock), numbers.floats((args, kwargs)), again)
        _watch(found.tape, call.inputs)
        try:
            outputs = original(self, *args, **kwargs)
        except Exception:
            call.raised, call.ended = True, next(clock)
            found.calls.append(call)
            raise
        outputs = patch(self, outputs) if patch else outputs
        call.outputs, call.ended = numbers.floats(outputs), next(clock)
        found.calls.append(call)
        return outputs

    keras.Operation.__call__ = watched
    try:
        yield
    finally:
        keras.Operation.__call__ = original


@contextlib.contextmanager
def _noting_loss(model: keras.Model, found: Watched) -> Iterator[None]:
    original = model.compute_loss

    def noted(x=None, y=None, y_pred=None, sample_weight=None, **more):
        y_pred = _mapped(_twin, y_pred)
        _watch(found.tape, numbers.floats(y_pred))
        loss = original(x, y, y_pred, sample_weight, **more)
        found.predictions = y_pred
        found.loss = loss if found.loss is None else found.loss + loss
        return loss

    with _in_place_of(model, "compute_loss", noted):
        yield


@contextlib.contextmanager
def _noting_gradients(model: keras.Model, found: Watched) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for optimizer in optimizers(model):

            def noted(grads, trainable_variables=None, optimizer=optimizer):
                variables = trainable_variables or model.trainable_variables
                found.gradients += zip(variables, grads, strict=True)
                found.optimizers |= dict.fromkeys((v.path for v in variables), optimizer)

            stack.enter_context(_in_place_of(optimizer, "apply", noted))
            if hasattr(optimizer, "dynamic_scale"):  # else float16's gradients are scaled ones
                stack.enter_context(_in_place_of(optimizer, "scale_loss", lambda loss: loss))
        yield


@contextlib.contextmanager
def _in_place_of(thing: Any, name: str, function: Callable) -> Iterator[None]:
    """Hides a method of an object behind a function."""
    hidden = vars(thing).get(name)
    object.__setattr__(thing, name, function)
    try:
        yield
    finally:
        object.__delattr__(thing, name)
        if hidden is not None:
            object.__setattr__(thing, name, hidden)


def like(tensor: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The other tensor, with the mask that Keras hung on the first."""
    mask = getattr(tensor, "_keras_mask", None)
    if mask is not None:
        other._keras_mask = mask
    return other


def _twin(tensor: tf.Tensor) -> tf.Tensor:
    return like(tensor, tf.identity(tensor))


def _sum_of_losses(logs: Any) -> tf.Tensor | None:
    """What a training step of one's own gives under the name of a loss."""
    named = logs.items() if isinstance(logs, dict) else ()
    losses = numbers.floats([value for name, value in named if "loss" in name])
    sums = [tf.cast(tf.reduce_sum(loss), tf.float64) for loss in losses]
    return tf.add_n(sums) if sums else None


def _watch(tape: tf.GradientTape | None, tensors: list[tf.Tensor]) -> None:
    if tape is not None:
        for tensor in tensors:
            tape.watch(tensor)


def _mapped(change: Callable[[Any], Any], structure: Any) -> Any:
    return keras.tree.map_structure(
        lambda leaf: change(leaf) if isinstance(leaf, tf.Tensor) else leaf, structure
    )
