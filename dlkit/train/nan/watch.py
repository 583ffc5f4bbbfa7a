"""A training step run eagerly, and what every layer took, gave and was handed back in it.

The step is the model's own `train_step`, so that a custom one is watched too. While it runs, each
call of a layer or operation is noted, the optimizer notes its gradients in the place of using
them, and a tape of our own follows, which knows how the loss changes with what went into a layer.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.train.nan import numbers
from dlkit.train.nan.copies import optimizers
from dlkit.train.nan.moment import Moment


@dataclasses.dataclass(eq=False)
class Call:
    """One call of a layer or operation.

    Attributes:
        operation: the layer or operation.
        begun, ended: its place in the order of beginnings and ends; calls inside it lie between.
        inputs, outputs: its floating-point tensors.
        again: calls it once more, with its arguments mapped by a function.
        raised: whether it ended by an error.
    """

    operation: keras.Operation
    begun: int
    inputs: list[tf.Tensor]
    again: Callable[[Callable[[Any], Any]], Any]
    outputs: list[tf.Tensor] = dataclasses.field(default_factory=list)
    ended: int = -1
    raised: bool = False

    @property
    def name(self) -> str:
        """The layer's path in the model, or the operation's name."""
        return getattr(self.operation, "path", None) or self.operation.name

    def holds(self, other: "Call") -> bool:
        """Whether the other was called inside this one."""
        return self.begun < other.begun and other.ended < self.ended


@dataclasses.dataclass(eq=False)
class Watched:
    """What a step did.

    Attributes:
        calls: in the order in which they ended; one that raised is the last.
        predictions: what went into the loss; None where the step computes its loss elsewhere.
        loss: the total loss, or None.
        gradients: of each weight, as the optimizer was given them.
        error: what the step raised.
    """

    calls: list[Call] = dataclasses.field(default_factory=list)
    predictions: Any = None
    loss: tf.Tensor | None = None
    gradients: list[tuple[keras.Variable, Any]] = dataclasses.field(default_factory=list)
    error: Exception | None = None
    tape: tf.GradientTape | None = None

    @property
    def sound(self) -> bool:
        """Whether it ran, and loss and gradients are finite."""
        gradients = [g for _, g in self.gradients if g is not None]
        return self.error is None and numbers.finite([self.loss, gradients])

    def slopes(self, groups: list[list[tf.Tensor]]) -> list[list[tf.Tensor]]:
        """The gradients of the loss with respect to groups of tensors, those that there are."""
        if self.loss is None or self.tape is None:
            return [[] for _ in groups]
        found = self.tape.gradient(self.loss, groups)
        return [[g for g in group if g is not None] for group in found]


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
            model.train_step(batch)
    except Exception as error:  # noqa: BLE001 (whatever the step raises is a finding)
        found.error = error
    finally:
        tf.config.run_functions_eagerly(eager)
        moment.restore()
    return found


@contextlib.contextmanager
def _noting_calls(found: Watched, patch: Any) -> Iterator[None]:
    """Lets every operation's call pass through our hands."""
    original = keras.Operation.__call__
    clock = iter(range(2**62))

    def watched(self, *args, **kwargs):
        # A copy of its own tells its gradient from that of others who take the same tensor.
        args, kwargs = _mapped(tf.identity, (args, kwargs))

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
        y_pred = _mapped(tf.identity, y_pred)
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


def _watch(tape: tf.GradientTape | None, tensors: list[tf.Tensor]) -> None:
    if tape is not None:
        for tensor in tensors:
            tape.watch(tensor)


def _mapped(change: Callable[[Any], Any], structure: Any) -> Any:
    return keras.tree.map_structure(
        lambda leaf: change(leaf) if isinstance(leaf, tf.Tensor) else leaf, structure
    )


def rows_but(batch: Any, rows: np.ndarray) -> Any:
    """A batch without some of its rows."""
    size = len(next(tensor for _, tensor in numbers.named(batch)))
    keep = np.setdiff1d(np.arange(size), rows)
    return _mapped(lambda tensor: tf.gather(tensor, keep), batch)
