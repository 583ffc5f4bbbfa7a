"""Does the model learn with all that it has?"""

import contextlib
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from dlkit.testing.subject import Subject
from dlkit.testing.verdict import expect, some
from dlkit.train import dist

STEPS = 3
"""So many because a block that starts as zero passes a gradient from the second step on."""


def gradients(subject: Subject) -> None:
    """Every trainable weight has a finite gradient of the loss and moves within three Adam steps.

    Regularizers are left out, since they move weights that no output depends on.
    """
    inputs, labels = subject.inputs(), subject.labels()
    optimizer = keras.optimizers.Adam(1e-3)
    with subject.kept(subject.model) as model:
        weights = model.trainable_variables
        before = [weight.numpy() for weight in weights]
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                loss = subject.loss(labels, model(inputs, training=True))
            found = tape.gradient(loss, [weight.value for weight in weights])
            _are_gradients(weights, found)
            optimizer.apply(found, weights)
        still = [
            weight.path
            for weight, old in zip(weights, before, strict=True)
            if np.array_equal(weight.numpy(), old)
        ]
    expect(not still, f"weights that {STEPS} Adam steps do not move: {some(still)}")


def _are_gradients(weights: list[keras.Variable], found: list[tf.Tensor | None]) -> None:
    pairs = list(zip(weights, found, strict=True))
    apart = [weight.path for weight, gradient in pairs if gradient is None]
    expect(not apart, f"weights that the loss does not depend on: {some(apart)}")
    wild = [
        weight.path
        for weight, gradient in pairs
        if not np.isfinite(tf.convert_to_tensor(gradient).numpy()).all()
    ]
    expect(not wild, f"weights whose gradient is not finite: {some(wild)}")


def one_fit_step(subject: Subject) -> None:
    """`model.fit` takes a step on NumPy arrays as the task has them, with a finite loss."""
    inputs, labels = subject.inputs(), subject.labels()
    with subject.kept(subject.twin) as model, _unoptimized_graphs():
        model.compile(optimizer="sgd", loss=subject.loss)
        dist.prepare(model)  # many models are checked in one process
        history = model.fit(inputs, labels, batch_size=len(inputs), epochs=1, verbose=0)
        loss = history.history["loss"][0]
        expect(np.isfinite(loss), f"the loss of a fit step is {loss}")


@contextlib.contextmanager
def _unoptimized_graphs() -> Iterator[None]:
    """Spares TensorFlow's graph optimizer, which takes longer than the one step it would speed.

    On a network of 56 layers: 20 s of 28.
    """
    options = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        usual = {"disable_meta_optimizer": options.get("disable_meta_optimizer", False)}
        tf.config.optimizer.set_experimental_options(usual)
