"""What was noted of a training step: its calls, its loss, its gradients."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dlkit.train.nan import numbers


@dataclasses.dataclass(eq=False)
class Call:
    """One call of a layer or operation.

    Attributes:
        operation: the layer or operation.
        begun, ended: its place in the order of beginnings and ends; calls inside it lie between.
        inputs, outputs: its floating-point tensors.
        terms: what it and the layers in it add to the loss.
        again: calls it once more, with its arguments mapped by a function.
        raised: whether it ended by an error.
    """

    operation: keras.Operation
    begun: int
    inputs: list[tf.Tensor]
    again: Callable[[Callable[[Any], Any]], Any]
    outputs: list[tf.Tensor] = dataclasses.field(default_factory=list)
    terms: list[tf.Tensor] = dataclasses.field(default_factory=list)
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
        loss: the total loss; where the step computes it elsewhere, what it calls a loss, or None.
        gradients: of each weight, as the optimizer was given them.
        optimizers: which of them that was, by the weight's path.
        error: what the step raised.
    """

    calls: list[Call] = dataclasses.field(default_factory=list)
    predictions: Any = None
    loss: tf.Tensor | None = None
    gradients: list[tuple[keras.Variable, Any]] = dataclasses.field(default_factory=list)
    optimizers: dict[str, keras.optimizers.Optimizer] = dataclasses.field(default_factory=dict)
    error: Exception | None = None
    tape: tf.GradientTape | None = None

    @property
    def sound(self) -> bool:
        """Whether it ran, and loss and gradients are finite."""
        return self.error is None and numbers.finite([self.loss, self._given])

    @property
    def passes(self) -> bool:
        """Whether it ran, and its loss is finite; where it has none, its gradients."""
        return self.error is None and numbers.finite(
            self._given if self.loss is None else self.loss
        )

    def slopes(self, groups: list[list[tf.Tensor]]) -> list[list[tf.Tensor]]:
        """The gradients of the loss with respect to groups of tensors, those that there are."""
        if self.loss is None or self.tape is None:
            return [[] for _ in groups]
        found = self.tape.gradient(self.loss, groups)
        return [[g for g in group if g is not None] for group in found]

    @property
    def _given(self) -> list[Any]:
        return [g for _, g in self.gradients if g is not None]
