"""A run that takes a second."""

import numpy as np
import pytest
import tensorflow as tf

import dlkit
from dlkit.data import Source


@pytest.fixture(autouse=True)
def tiny(local_tiny):
    """Every test here may train `local/tiny`."""


@pytest.fixture
def recipe():
    """Two epochs of twenty steps on digits."""
    return dlkit.Recipe.load("local/tiny", epochs=2, limit_batches=20)


@pytest.fixture
def fit():
    """The whole loop: builds a run's model and fits it."""

    def loop(run):
        model = run.build()
        model.fit(run.train, validation_data=run.val, verbose=0, **run.fit_args())
        return model

    return loop


@pytest.fixture
def boxes():
    """Six black images, each labelled with two boxes that tell its row."""
    spec = {"boxes": tf.TensorSpec((None, 2, 4), tf.float32)}

    def fetch(rows):
        images = tf.zeros((tf.size(rows), 8, 8, 3), tf.uint8)
        return images, {"boxes": tf.cast(rows, tf.float32)[:, None, None] * tf.ones((1, 2, 4))}

    return Source(
        name="boxes",
        size=6,
        splits={"train": np.arange(6)},
        element_spec=(tf.TensorSpec((None, 8, 8, 3), tf.uint8), spec),
        fetch=fetch,
        class_names=("thing",),
        fingerprint="0" * 64,
    )
