"""Does the model answer as it should, for whatever it is given?"""

from typing import Any

import keras
import numpy as np

from dlkit.testing.subject import Subject
from dlkit.testing.verdict import expect, expect_close


def answer(model: keras.Model, inputs: np.ndarray) -> Any:
    """The model's output in inference, as an array or as a structure of arrays."""
    return keras.tree.map_structure(keras.ops.convert_to_numpy, model(inputs, training=False))


def probabilities(subject: Subject) -> None:
    """Outputs are float32 probabilities; `classifier_activation=None` gives their logits."""
    inputs = subject.inputs()
    bare = subject.build(classifier_activation=None)
    with subject.settled() as model:
        outputs = answer(model, inputs)
        _are_floats(outputs)
        sums = outputs.sum(axis=-1)
        expect_close(sums, np.ones_like(sums), "outputs are no probabilities: they do not sum to 1")
        bare.set_weights(model.get_weights())
    logits = answer(bare, inputs).astype("float64")
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    expect_close(
        powers / powers.sum(axis=-1, keepdims=True),
        outputs,
        "classifier_activation=None does not give the logits of the probabilities",
    )


def deterministic(subject: Subject) -> None:
    """The same input gives the same output, call after call."""
    inputs = subject.inputs()
    with subject.settled() as model:
        first, second = (answer(model, inputs) for _ in range(2))
    expect_close(second, first, "two calls in inference differ (is dropout active?)", rtol=1e-5)


def dynamic_batch(subject: Subject) -> None:
    """A row's answer does not depend on its neighbors, nor the model on the batch size."""
    inputs = subject.inputs(3)
    with subject.settled() as model:
        together = answer(model, inputs)
        for row in range(3):
            alone = answer(model, inputs[row : row + 1])
            expect(alone.shape[0] == 1, f"a batch of 1 gives outputs of shape {alone.shape}")
            expect_close(alone[0], together[row], f"row {row} alone and in a batch of 3 differ")


def preprocessing(subject: Subject) -> None:
    """uint8 and float32 images in [0, 255] mean the same; the first layer can be left out."""
    inputs = subject.inputs()
    floats = inputs.astype("float32")
    bare = subject.build(include_preprocessing=False)
    with subject.settled() as model:
        outputs = answer(model, inputs)
        expect_close(
            answer(model, floats),
            outputs,
            "uint8 images and the same values in float32 give different answers",
        )
        shapes = [[tuple(part.shape) for part in built.weights] for built in (bare, model)]
        expect(shapes[0] == shapes[1], "the weights change with include_preprocessing=False")
        bare.set_weights(model.get_weights())
    expect(
        not np.allclose(answer(bare, floats), outputs, rtol=1e-5, atol=1e-7),
        "include_preprocessing=False changes no answer: is there preprocessing inside the model?",
    )


def mixed_precision(subject: Subject) -> None:
    """Under `mixed_bfloat16` outputs are float32 and finite, variables float32."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = subject.build()
        outputs = answer(model, subject.inputs())
    finally:
        keras.config.set_dtype_policy(policy)
    _are_floats(outputs)
    other = {part.path: part.dtype for part in model.trainable_variables if part.dtype != "float32"}
    expect(not other, f"variables are not float32 under mixed precision: {other}")


def _are_floats(outputs: np.ndarray) -> None:
    expect(outputs.dtype == "float32", f"outputs are {outputs.dtype}, not float32")
    expect(np.isfinite(outputs).all(), "outputs are not finite")
