"""What is inspected must still load: the files that honest people save."""

import json

import keras
import numpy as np
import pytest

import dlkit
from dlkit.registry import errors, saved_config


def loads(model, tmp_path, inputs, **options):
    """The model comes back from its file with the same answers."""
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = dlkit.load_model(path, **options)
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    return loaded


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_precisions(tmp_path, precision):
    with_policy = keras.layers.Dense(3, dtype=keras.DTypePolicy(precision))
    model = keras.Sequential([keras.Input((2,)), with_policy, keras.layers.Activation("softmax")])
    loaded = loads(model, tmp_path, np.ones((1, 2)))
    assert loaded.layers[0].dtype_policy.name == precision


WORDS = ["/etc/passwd", "https://example.org", "~/x", "C:\\x", "../up", "plain"]


def test_vocabularies_in_memory_of_any_words(tmp_path):
    words = keras.Input((1,), dtype="string")
    whole = keras.layers.TextVectorization(vocabulary=WORDS, standardize=None)(words)
    ids = keras.layers.StringLookup(vocabulary=WORDS, oov_token="<oov>")(words)
    model = keras.Model(words, [whole, ids])
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = dlkit.load_model(path)
    assert loaded.layers[-1].get_vocabulary() == ["<oov>", *WORDS]


def test_vocabularies_in_the_folder_of_assets(tmp_path):
    lookup = keras.layers.StringLookup()
    lookup.adapt(np.array([["b"], ["a"], ["b"]]))
    model = keras.Sequential([keras.Input((1,), dtype="string"), lookup])
    path = tmp_path / "model.keras"
    model.save(path)
    assert dlkit.load_model(path).layers[0].get_vocabulary() == ["[UNK]", "b", "a"]


def test_operations_shared_layers_models_in_models_and_constants(tmp_path):
    shared = keras.layers.Dense(2, activation="tanh", name="shared")
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.1, seed=3)])
    start = keras.initializers.Constant(np.eye(4, 2))
    table = keras.layers.Embedding(4, 2, embeddings_initializer=start)
    ids = keras.Input((2,), dtype="int32")
    x = keras.ops.sum(table(ids), axis=1) * 2.0
    x = keras.layers.TimeDistributed(inner)(keras.ops.expand_dims(shared(shared(x)), 1))
    x = keras.layers.Bidirectional(keras.layers.GRU(2))(x)
    loads(keras.Model(ids, x[:, ::2]), tmp_path, np.ones((1, 2), "int32"))


def test_what_a_model_was_compiled_with(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "softmax")])
    rate = keras.optimizers.schedules.CosineDecay(0.1, 10)
    model.compile(
        keras.optimizers.AdamW(rate, clipnorm=1.0),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=[keras.metrics.TopKCategoricalAccuracy(2, name="top/2"), "accuracy"],
    )
    model.fit(np.ones((4, 2)), np.eye(3)[[0, 1, 2, 0]], verbose=0)
    loaded = loads(model, tmp_path, np.ones((1, 2)))
    assert float(loaded.optimizer.iterations.numpy()) == 1
    assert loaded.loss.label_smoothing == 0.1


def test_quantized(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
    model.quantize("int8")
    loads(model, tmp_path, np.ones((1, 4), "float32"))


class Own(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_a_class_of_ones_own_is_named_or_registered(tmp_path):
    model = keras.Sequential([keras.Input((2,)), Own(name="mine")])
    path = tmp_path / "model.keras"
    model.save(path)
    with pytest.raises(errors.UnsafeFile, match=r"'mine' \(.*Own\) is nothing of Keras") as caught:
        dlkit.load_model(path)
    assert caught.value.fix.endswith("custom_objects={'Own': …}")
    assert dlkit.load_model(path, custom_objects={"Own": Own}).layers[0].name == "mine"
    with keras.saving.custom_object_scope({"Own": Own}):
        assert dlkit.load_model(path).layers[0].name == "mine"


@pytest.fixture
def registered():
    """A class and a function registered in this process alone, until the test ends."""

    @keras.saving.register_keras_serializable()
    class Mine(keras.layers.Layer):
        def call(self, x):
            return 3 * x

    @keras.saving.register_keras_serializable(package="ours")
    def own_loss(y_true, y_pred):
        return keras.ops.mean(y_true - y_pred)

    yield Mine, own_loss
    for name in ("Custom>Mine", "ours>own_loss"):
        del keras.saving.get_custom_objects()[name]


def test_what_this_process_registered(tmp_path, registered):
    layer, loss = registered
    model = keras.Sequential([keras.Input((2,)), layer()])
    model.compile("sgd", loss=loss)
    assert loads(model, tmp_path, np.ones((1, 2))).loss is loss


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0"),
        *("InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Small"),
        *("NASNetMobile", "ResNet50", "ResNet50V2", "VGG16", "Xception"),
    ],
)
def test_keras_own_architectures_are_found_harmless(name):
    model = getattr(keras.applications, name)(weights=None)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    saved_config.check(config, name, "")
    assert saved_config.strangers(config) == []
