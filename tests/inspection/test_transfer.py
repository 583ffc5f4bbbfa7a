"""New heads, and what learns below them."""

import keras
import numpy as np
import pytest
from dlkit_vision import googlenet

import dlkit
from dlkit import inspection
from dlkit.inspection import InspectionError
from dlkit.layers import ClassifierError, ClassifierOutput

L = keras.layers


def build(num_classes=4, **config):
    keras.utils.set_random_seed(0)
    config = {"input_shape": (8, 8, 3), **config}
    return dlkit.create_model("resnet20", num_classes=num_classes, **config)


def images(n=8):
    return np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)


def train(model, classes):
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=True)
    model.fit(images(), np.arange(8) % classes, verbose=0)


def test_a_fresh_head_on_the_same_layers():
    old = build()
    dlkit.set_class_names(old, list("abcd"))
    new = dlkit.reset_classifier(old, 7)
    assert new.output_shape == (None, 7) and new.name == old.name
    assert [a is b for a, b in zip(old.layers, new.layers, strict=True)][-3:] == [
        True,
        False,
        False,
    ]
    assert all(a is b for a, b in zip(old.layers[:-2], new.layers[:-2], strict=True))
    assert [layer.name for layer in new.layers] == [layer.name for layer in old.layers]
    assert dlkit.class_names(new) == () and dlkit.class_names(old) == tuple("abcd")
    np.testing.assert_allclose(np.sum(new(images()), axis=-1), 1, rtol=1e-5)
    before = np.asarray(old(images()))
    train(new, 7)
    assert np.abs(old(images()) - before).max() > 1e-3  # the layers are shared


def test_the_new_head_is_built_as_the_old_one():
    old = build(style="torch", dropout=0.3)
    new = dlkit.reset_classifier(old, 3, activation=None)
    config = new.get_layer("logits").get_config()
    assert {**config, "units": 4} == old.get_layer("logits").get_config()
    assert new.get_layer("predictions").activation is None
    assert [layer.name for layer in new.layers[-3:]] == ["dropout", "logits", "predictions"]


def test_no_classes_are_the_features():
    old = build(dropout=0.3)
    features = dlkit.reset_classifier(old, 0)
    assert features.layers[-1].name == "average_pool" and features.output_shape == (None, 64)
    again = dlkit.reset_classifier(features, 5)
    assert again.output_shape == (None, 5)
    assert [layer.name for layer in again.layers[-2:]] == ["logits", "predictions"]
    assert dlkit.reset_classifier(build(0), 0).output_shape == (None, 64)


def test_features_that_end_in_a_bent_dense_layer_are_no_head():
    model = dlkit.create_model("lenet5", num_classes=0)
    new = dlkit.reset_classifier(model, 3)
    assert [layer.name for layer in new.layers[-3:]] == ["f6", "logits", "predictions"]


def test_a_head_that_is_a_convolution():
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(6, 3, activation="relu", name="body")(image)
    x = L.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
    x = L.Conv2D(10, 1, name="logits")(L.Dropout(0.1, name="drop")(x))
    x = L.Reshape((10,), name="flat")(x)
    model = keras.Model(image, ClassifierOutput(name="predictions")(x), name="mobile")
    new = dlkit.reset_classifier(model, 4)
    assert new.output_shape == (None, 4)
    assert [layer.name for layer in new.layers[-3:]] == ["logits", "flat", "predictions"]
    assert dlkit.reset_classifier(model, 0).output_shape == (None, 6)


def test_scores_that_are_bent_before_they_are_pooled():
    image = keras.Input((8, 8, 3))
    x = L.Activation("relu", name="bend")(L.Conv2D(10, 1, name="scores")(image))
    x = L.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(image, ClassifierOutput(name="predictions")(x), name="squeeze")
    new = dlkit.reset_classifier(model, 4)
    assert [layer.name for layer in new.layers[1:]] == ["scores", "bend", "pool", "predictions"]
    assert new.output_shape == (None, 4)
    features = dlkit.reset_classifier(model, 0)
    assert [layer.name for layer in features.layers[1:]] == ["pool"]
    assert features.output_shape == (None, 3)


def test_several_heads_are_all_made_anew():
    image = keras.Input((4,))
    body = L.Dense(8, activation="relu")(image)
    ends = {
        name: ClassifierOutput(name=name)(L.Dense(10, name=f"{name}_logits")(body))
        for name in ("main", "aux")
    }
    new = dlkit.reset_classifier(keras.Model(image, ends), 3)
    assert {name: t.shape for name, t in new.output.items()} == {
        "main": (None, 3),
        "aux": (None, 3),
    }
    assert {"main", "aux", "main_logits", "aux_logits"} <= {layer.name for layer in new.layers}


def test_auxiliary_heads_of_a_network():
    old = googlenet.googlenet(num_classes=5, input_shape=(96, 96, 3), auxiliary=True)
    new = dlkit.reset_classifier(old, 2)
    assert [tuple(t.shape) for t in new.outputs] == [(None, 2)] * 3
    assert [layer.name for layer in new.layers] == [layer.name for layer in old.layers]
    assert dlkit.gradcam(new, np.zeros((1, 96, 96, 3)), 1).shape[0] == 1


def test_models_of_keras_applications():
    old = keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), classes=10)
    new = dlkit.reset_classifier(old, 3, activation="sigmoid")
    assert [layer.name for layer in new.layers[-2:]] == ["logits", "predictions"]
    assert isinstance(new.layers[-1], ClassifierOutput) and new.output_shape == (None, 3)
    assert dlkit.freeze(new)[-1] == "Conv_1_bn"
    old = keras.applications.MobileNet(weights=None, input_shape=(32, 32, 3), classes=10)
    assert dlkit.reset_classifier(old, 3).output_shape == (None, 3)


def test_what_cannot_be():
    with pytest.raises(InspectionError, match="num_classes=-1 is no number of classes"):
        dlkit.reset_classifier(build(), -1)
    with pytest.raises(ClassifierError, match="no activation 'softmx'"):
        dlkit.reset_classifier(build(), 3, activation="softmx")
    model = build()
    maps = keras.Model(model.input, model.get_layer("conv4_block3_out").output, name="maps")
    with pytest.raises(InspectionError, match=r"maps ends in \(2, 2, 64\)"):
        dlkit.reset_classifier(maps, 3)


def test_it_saves_and_comes_back(tmp_path):
    new = dlkit.reset_classifier(build(), 3)
    new.save(tmp_path / "new.keras")
    loaded = dlkit.load_model(tmp_path / "new.keras")
    np.testing.assert_array_equal(loaded(images()), new(images()))


def learning(model):
    return {layer.name for layer in model.layers if layer.trainable_weights}


def test_freezing_to_a_level_to_a_layer_and_all_but_the_head():
    model = build()
    assert "conv3_block3_2_norm" in dlkit.freeze(model, "C1")
    assert all(name.startswith(("conv4", "logits")) for name in learning(model))
    model = build()
    dlkit.freeze(model, "conv4_block2_*")
    assert min(learning(model)) == "conv4_block2_1_conv"
    model = build()
    dlkit.freeze(model)
    assert learning(model) == {"logits"}


def test_thawing_is_freezing_the_level_below_turned_round():
    model = build()
    dlkit.freeze(model)
    names = dlkit.unfreeze(model, "C2", batch_norm=True)
    other = build()
    dlkit.freeze(other, "C1")
    assert learning(model) == learning(other) == set(names)
    dlkit.unfreeze(model, batch_norm=True)
    assert learning(model) == learning(build())
    other = build()
    dlkit.freeze(other)
    assert dlkit.unfreeze(other, "conv4_block3_2_conv") == ["conv4_block3_2_conv", "logits"]
    other = build()
    dlkit.freeze(other)
    assert "conv1_conv" in dlkit.unfreeze(other, "C0")


def test_batch_norm_keeps_its_statistics_under_fit():
    model = build()
    dlkit.freeze(model)
    dlkit.unfreeze(model, "C2")
    norms = [layer for layer in model.layers if isinstance(layer, L.BatchNormalization)]
    before = [[w.copy() for w in norm.get_weights()] for norm in norms]
    kernel = model.get_layer("conv4_block1_1_conv").get_weights()[0].copy()
    train(model, 4)
    for norm, weights in zip(norms, before, strict=True):
        for then, now in zip(weights, norm.get_weights(), strict=True):
            np.testing.assert_array_equal(then, now)
    assert np.abs(model.get_layer("conv4_block1_1_conv").get_weights()[0] - kernel).max() > 0


def test_batch_norm_learns_where_asked():
    model = build()
    dlkit.freeze(model)
    dlkit.unfreeze(model, "C2", batch_norm=True)
    means = {
        name: model.get_layer(name).moving_mean.numpy() for name in ("conv1_norm",
                                                                    "conv4_block1_1_norm")
    }  # fmt: skip
    train(model, 4)
    moved = {n: np.abs(model.get_layer(n).moving_mean.numpy() - m).max() for n, m in means.items()}
    assert moved["conv1_norm"] == 0 and moved["conv4_block1_1_norm"] > 0


def test_a_model_frozen_as_a_whole_thaws_in_part():
    model = build()
    model.trainable = False
    dlkit.unfreeze(model, "C2")
    assert model.trainable and len(model.trainable_variables) == 6 + 2
    inner = keras.Sequential([keras.Input((4,)), L.Dense(3), L.BatchNormalization()], name="inner")
    outer = keras.Sequential([keras.Input((4,)), inner, L.Dense(2)])
    outer.trainable = False
    dlkit.unfreeze(outer)
    assert len(outer.trainable_variables) == 4
    assert not inner.layers[-1].trainable


def test_places_that_there_are_not():
    with pytest.raises(InspectionError, match="resnet20 has no such level or layer") as caught:
        dlkit.freeze(build(), "C7")
    assert "Its levels are C0, C1, C2" in str(caught.value)
    with pytest.raises(InspectionError, match="no layer is left to learn"):
        dlkit.freeze(build(0), "C2")
    with pytest.raises(InspectionError, match="has no classifier's head"):
        dlkit.freeze(build(0))
    with pytest.raises(InspectionError, match="has no level or layer 'C7'"):
        inspection.unfreeze(build(), "C7")
