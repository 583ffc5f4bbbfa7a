"""Levels and layers by their names, and models that give several at once."""

import keras
import numpy as np
import pytest
from dlkit_vision import resnet

import dlkit
from dlkit import inspection
from dlkit.inspection import InspectionError, places
from dlkit.registry import local, spec

L = keras.layers


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(0)
    return dlkit.create_model("resnet20", num_classes=3)


def images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_levels_are_the_registrys_the_finest_first(small):
    found = inspection.levels(small)
    assert {key: level.stride for key, level in found.items()} == {"C0": 1, "C1": 2, "C2": 4}
    assert list(found) == ["C0", "C1", "C2"]
    assert inspection.levels(keras.Model(small.input, small.output, name="mine")) == {}


def test_levels_that_were_not_built_are_left_out(small):
    part = keras.Model(small.input, small.get_layer("conv3_block3_out").output, name="resnet20")
    assert list(inspection.levels(part)) == ["C0", "C1"]


def test_variants_have_the_levels_of_their_base():
    assert list(inspection.levels(dlkit.create_model("lenet5", activation="sigmoid"))) == [
        "C1",
        "C2",
    ]
    assert list(inspection.levels(keras.Model(*_ends("lenet5"), name="lenet5-a-b"))) == ["C1", "C2"]


def _ends(name):
    model = dlkit.create_model(name)
    return model.input, model.output


def test_what_a_notebook_registers_has_its_levels(monkeypatch):
    monkeypatch.setattr(local, "_specs", {})
    levels = {"C1": spec.Level("c", 2, 3), "C2": spec.Level("gone", 4, 3)}

    @dlkit.register_model("mine", task="image-classification", levels=levels)
    def mine(*, num_classes=2):
        image = keras.Input((8, 8, 1))
        return keras.Model(image, L.Conv2D(3, 3, 2, name="c")(image), name="mine")

    assert inspection.levels(mine()) == {"C1": levels["C1"]}
    assert dlkit.features(mine(), "C1").output_shape == (None, 3, 3, 3)


def test_features_are_what_the_layers_give(small):
    x = images(2, 32, 32, 3)
    backbone = dlkit.features(small, ("C1", "conv1_act", "C2"))
    maps = backbone(x)
    assert [tuple(m.shape) for m in maps] == [(2, 16, 16, 32), (2, 32, 32, 16), (2, 8, 8, 64)]
    pooled = keras.ops.mean(maps[2], axis=(1, 2))
    whole = small.get_layer("predictions")(small.get_layer("logits")(pooled))
    np.testing.assert_allclose(whole, small(x), rtol=1e-5)
    assert all(not isinstance(layer, keras.Model) for layer in backbone.layers)
    assert backbone.get_layer("conv1_conv") is small.get_layer("conv1_conv")


def test_the_usual_levels_of_an_imagenet_network():
    model = resnet.resnet18(num_classes=0, input_shape=(64, 96, 3))
    names = ("conv3_block2_out", "conv4_block2_out", "conv5_block2_out")
    maps = dlkit.features(model, names).output
    assert [m.shape[1:] for m in maps] == [(8, 12, 128), (4, 6, 256), (2, 3, 512)]


def test_of_a_sequential_model_and_of_one_level():
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, name="a"), L.Dense(2, name="b")])
    given = dlkit.features(model, "a")(np.ones((1, 4), "float32"))
    np.testing.assert_allclose(given, model.layers[0](np.ones((1, 4), "float32")))


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (("C3",), "resnet20 has no level or layer 'C3'. Its levels are C0, C1, C2."),
        (("conv3_block3_oot",), "Did you mean 'conv3_block3_out'? Its levels are C0, C1, C2."),
        ((), "features of no level"),
    ],
)
def test_no_such_level(small, levels, message):
    with pytest.raises(InspectionError) as caught:
        dlkit.features(small, levels)
    assert message in str(caught.value) and caught.value.fix


def test_a_layer_that_gives_several():
    image = keras.Input((4, 4))
    out = L.LSTM(3, return_state=True, name="reader")(image)
    with pytest.raises(InspectionError, match="layer 'reader' gives several tensors"):
        dlkit.features(keras.Model(image, out[0]), "reader")


def test_the_last_map_has_more_than_one_place(small):
    assert places.last_map(small) == "conv4_block3_out"
    tiny = dlkit.create_model("resnet20", input_shape=(4, 4, 3))
    assert places.last_map(tiny) == "conv3_block3_out"
    net = keras.Sequential([keras.Input((8, 8, 1)), L.Conv2D(2, 3, name="c"), L.Flatten()])
    assert places.last_map(net) == "c"
    flat = keras.Sequential([keras.Input((8, 8, 1)), L.Flatten(), L.Dense(2)])
    with pytest.raises(InspectionError, match="no layer that gives a map"):
        places.last_map(flat)
