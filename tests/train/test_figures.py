"""Reported figures against NumPy: with partial batches, weights, and data of unknown length."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import counted, from_arrays
from dlkit.tasks.image_classification import ImageClassification
from dlkit.train.stream import Stream

N, BATCH = 45, 8  # five whole batches and one of five


@pytest.fixture(scope="module")
def source():
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (N, 4, 4, 1), np.uint8)
    splits = {"train": np.arange(N), "val": np.arange(0)}
    return from_arrays("noise", images, draw.integers(0, 3, N), splits, ("a", "b", "c"))


def classifier():
    """A model that stays as it is: the rate is too small to move a float32."""
    keras.utils.set_random_seed(1)
    layers = [keras.Input((4, 4, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(),
              keras.layers.Dense(3, activation="softmax")]  # fmt: skip
    made = keras.Sequential(layers)
    made.compile(keras.optimizers.SGD(1e-30), **ImageClassification().compile_options(made))
    return made


@pytest.fixture(scope="module")
def model():
    return classifier()


def by_hand(model, source, weights=None):
    """Mean cross-entropy and accuracy in float64; weights, one a class, go into the loss alone."""
    images, labels = source.arrays("train")
    p = model(images).numpy().astype(np.float64)
    losses = -np.log(p[np.arange(N), labels])
    weighed = losses if weights is None else losses * np.asarray(weights)[labels]
    return {"loss": weighed.mean(), "accuracy": float(np.mean(p.argmax(1) == labels))}


def unknown(batches):
    return batches.filter(lambda *_: True)


@pytest.mark.parametrize("weights", [None, (3.0, 0.5, 1.0)])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("verb", ["fit", "evaluate"])
def test_fit_and_evaluate(model, source, weights, known, verb):
    table = None if weights is None else dict(enumerate(weights))
    stream = Stream(source, "train", batch_size=BATCH, class_weight=table)
    batches = stream.dataset() if known else counted(unknown(stream.dataset()))
    if verb == "fit":
        found = {k: v[0] for k, v in model.fit(batches, verbose=0, shuffle=False).history.items()}
    else:
        found = model.evaluate(batches, verbose=0, return_dict=True)
    assert found == pytest.approx(by_hand(model, source, weights), rel=1e-6)


def test_the_task_judges_alike(model, source):
    found = ImageClassification().evaluate(model, source, "train", BATCH)
    assert found.metrics == pytest.approx(by_hand(model, source), rel=1e-6)


def test_why_data_of_unknown_length_is_counted(source):
    """Should Keras have mended it, `counted` and this test can go."""
    model = classifier()
    batches = Stream(source, "train", batch_size=9, shuffle=False).dataset()
    spec = tuple(tf.TensorSpec((9, *part.shape[1:]), part.dtype) for part in batches.element_spec)
    uncounted = tf.data.Dataset.from_generator(lambda: batches, output_signature=spec)
    found = model.evaluate(uncounted, verbose=0, return_dict=True)["loss"]
    assert found == pytest.approx(by_hand(model, source)["loss"] * 5 / 6, rel=1e-5)
