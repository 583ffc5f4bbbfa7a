"""A small model under `local/`, and a run of it that takes a second."""

import keras
import pytest

import dlkit
from dlkit import layers
from dlkit.registry import local


def tiny(*, num_classes=10, input_shape=(8, 8, 1), units=16):
    """A perceptron that ends as dlkit's classifiers do."""
    image = keras.Input(input_shape, name="image")
    x = keras.layers.Rescaling(1 / 255, dtype="float32", name="scale")(image)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(units, activation="relu", name="hidden")(x)
    x = keras.layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, layers.ClassifierOutput(name="probabilities")(x), name="tiny")


@pytest.fixture(autouse=True)
def local_tiny(monkeypatch):
    """`local/tiny`, forgotten after the test."""
    monkeypatch.setattr(local, "_specs", {})
    register = dlkit.register_model("tiny", task="image-classification", input_shape=(8, 8, 1))
    register(tiny)


@pytest.fixture
def recipe():
    """Two epochs of twenty steps on digits."""
    return dlkit.Recipe.load("local/tiny", epochs=2, limit_batches=20)


def fit(run):
    """The whole loop."""
    model = run.build()
    model.fit(run.train, validation_data=run.val, verbose=0, **run.fit_args())
    return model
