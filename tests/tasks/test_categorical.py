"""The loss and metrics of both forms of labels, against Keras' own of each."""

import keras
import numpy as np
import pytest

from dlkit.tasks import categorical

N, CLASSES = 40, 25


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(N, CLASSES)).astype("float32")
    labels = rng.integers(0, CLASSES, N).astype("int32")
    shares = rng.dirichlet(np.ones(CLASSES), N).astype("float32")
    weights = rng.uniform(size=N).astype("float32")
    return logits, labels, shares, weights


@pytest.mark.parametrize("logits", [False, True])
def test_the_loss_is_keras_own_of_each_form(data, logits):
    outputs, labels, shares, weights = data
    if not logits:
        outputs = keras.ops.convert_to_numpy(keras.ops.softmax(outputs))
    loss = categorical.CrossEntropy(from_logits=logits)
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    dense = keras.losses.CategoricalCrossentropy(from_logits=logits)
    for own_labels, own in ((labels, sparse), (labels[:, None], sparse), (shares, dense)):
        assert float(loss(own_labels, outputs)) == float(own(own_labels, outputs))
        weighted = own(own_labels, outputs, sample_weight=weights)
        assert float(loss(own_labels, outputs, sample_weight=weights)) == float(weighted)
    one_hot = np.eye(CLASSES, dtype="float32")[labels]
    assert float(loss(one_hot, outputs)) == pytest.approx(float(loss(labels, outputs)), rel=1e-5)


def test_the_metrics_are_keras_own_of_each_form(data):
    outputs, labels, shares, weights = data
    own = {
        "accuracy": (keras.metrics.SparseCategoricalAccuracy, keras.metrics.CategoricalAccuracy),
        "top5_accuracy": (
            keras.metrics.SparseTopKCategoricalAccuracy,
            keras.metrics.TopKCategoricalAccuracy,
        ),
    }
    for metric in categorical.metrics(CLASSES):
        for given, oracle in zip((labels, shares), own[metric.name], strict=True):
            oracle = oracle()
            metric.reset_state()
            for part in (slice(0, 30), slice(30, None)):
                for each in (metric, oracle):
                    each.update_state(given[part], outputs[part], sample_weight=weights[part])
            assert float(metric.result()) == pytest.approx(float(oracle.result()))


def test_few_classes_have_no_top_five():
    assert [metric.name for metric in categorical.metrics(19)] == ["accuracy"]
    assert [metric.name for metric in categorical.metrics(20)] == ["accuracy", "top5_accuracy"]


def test_a_compiled_model_goes_through_a_file(tmp_path, data):
    outputs, labels, shares, _ = data
    model = keras.Sequential([keras.Input((CLASSES,)), keras.layers.Dense(CLASSES)])
    chosen = {"loss": categorical.CrossEntropy(True), "metrics": categorical.metrics(CLASSES)}
    model.compile("sgd", **chosen)
    model.fit(outputs, shares, validation_data=(outputs, labels), verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    for given in (labels, shares):
        expected = model.evaluate(outputs, given, verbose=0, return_dict=True)
        found = loaded.evaluate(outputs, given, verbose=0, return_dict=True)
        assert found == expected and set(found) == {"loss", "accuracy", "top5_accuracy"}
