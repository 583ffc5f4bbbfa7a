"""The task: its figures against scikit-learn's, its pictures, its baseline."""

import keras
import numpy as np
import pytest
from sklearn import metrics as oracle

from dlkit.data.arrays import from_arrays
from dlkit.tasks import baselines, image_classification


def source(classes=3, n=60):
    rng = np.random.default_rng(0)
    labels = np.arange(n, dtype=np.int32) % classes
    images = rng.integers(0, 256, (n, 4, 4, 1)).astype(np.uint8)
    rows = np.arange(n, dtype=np.int64)
    splits = {"train": rows[: n // 2], "test": rows[n // 2 :]}
    return from_arrays("noise", images, labels, splits, [f"c{k}" for k in range(classes)])


@pytest.mark.parametrize("classes", [3, 25])
def test_metrics_equal_scikit_learns(classes):
    rng = np.random.default_rng(1)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, 200)])
    p = rng.dirichlet(np.ones(classes), len(labels))
    found = image_classification.metrics(labels, p)
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(labels, p.argmax(1)))
    assert found["loss"] == pytest.approx(oracle.log_loss(labels, p, labels=range(classes)))
    if classes == 25:
        top5 = oracle.top_k_accuracy_score(labels, p, k=5, labels=range(classes))
        assert found["top5_accuracy"] == pytest.approx(top5)
    else:
        assert "top5_accuracy" not in found


def test_evaluate_keeps_the_surest_mistakes():
    data = source()
    image = keras.Input((4, 4, 1))
    x = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(image))
    model = keras.Model(image, x)
    task = image_classification.ImageClassification()
    found = task.evaluate(model, data, "test", batch_size=7)
    p, labels = found.arrays["probabilities"], found.arrays["labels"]
    assert np.array_equal(labels, data.labels[data.rows("test")])
    wrong = p.argmax(1) != labels
    assert len(found.arrays["mistake_rows"]) == min(24, wrong.sum())
    sure = p.max(1)[found.arrays["mistake_rows"]]
    assert (np.diff(sure) <= 0).all() and wrong[found.arrays["mistake_rows"]].all()
    images, _ = data.arrays("test")
    assert np.array_equal(found.arrays["mistake_images"], images[found.arrays["mistake_rows"]])
    assert task.sections(found)[0].id == "confusion"


def test_the_baseline_is_scikit_learns_and_learns_from_train_alone():
    data = source()
    from sklearn.neighbors import KNeighborsClassifier

    x, y = data.arrays("train")
    judge = KNeighborsClassifier(3).fit(x.reshape(len(x), -1), y)
    tx, ty = data.arrays("test")
    found = baselines.best(data, "test")
    assert found["name"] == "3-nearest-neighbour"
    assert found["accuracy"] == pytest.approx(judge.score(tx.reshape(len(tx), -1), ty))
    assert baselines.commonest_class(data, "test")["accuracy"] == pytest.approx(1 / 3)
