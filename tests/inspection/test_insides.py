"""Feature maps, filters, and statistics of what flows through."""

import json

import keras
import numpy as np
import pytest
from dlkit_vision import resnet

import dlkit
from dlkit import inspection
from dlkit.inspection import InspectionError
from dlkit.layers import ReverseChannels

L = keras.layers


def images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_feature_maps_are_what_the_layer_gives():
    model, x = dlkit.create_model("lenet5"), images(5, 32, 32, 1)
    found = inspection.feature_maps(model, x, "C1", batch_size=2)
    np.testing.assert_allclose(found, dlkit.features(model, "s2")(x), rtol=1e-5, atol=1e-6)
    assert inspection.feature_maps(model, x).shape == (5, 5, 5, 16)
    assert inspection.feature_maps(model, x, "f6").shape == (5, 84)
    with pytest.raises(InspectionError, match="no level or layer 'C9'"):
        inspection.feature_maps(model, x, "C9")


def test_filters_are_the_first_kernel_or_the_one_asked_for():
    model = dlkit.create_model("lenet5")
    np.testing.assert_array_equal(inspection.filters(model), model.get_layer("c1").kernel)
    np.testing.assert_array_equal(inspection.filters(model, "c3"), model.get_layer("c3").kernel)
    for layer, message in (("f6", "no two-dimensional convolution 'f6'"), ("x", "no level or")):
        with pytest.raises(InspectionError, match=message):
            inspection.filters(model, layer)
    flat = keras.Sequential([keras.Input((4,)), L.Dense(2)])
    with pytest.raises(InspectionError, match="has no two-dimensional convolution"):
        inspection.filters(flat)


def test_filters_of_a_network_of_blue_green_red_are_turned_back():
    model = resnet.resnet18(num_classes=0, input_shape=(32, 32, 3), style="paper")
    kernel = np.asarray(model.get_layer("conv1_conv").kernel)
    np.testing.assert_array_equal(inspection.filters(model), kernel[:, :, ::-1])
    later = np.asarray(model.get_layer("conv2_block1_1_conv").kernel)
    np.testing.assert_array_equal(inspection.filters(model, "conv2_block1_1_conv"), later)
    assert any(isinstance(layer, ReverseChannels) for layer in model.layers)


def test_filters_of_a_separable_convolution():
    model = keras.Sequential([keras.Input((8, 8, 3)), L.SeparableConv2D(4, 3, depth_multiplier=2)])
    assert inspection.filters(model).shape == (3, 3, 3, 2)


def dead_net():
    keras.utils.set_random_seed(0)
    image = keras.Input((6, 6, 1))
    x = L.Conv2D(4, 3, name="c")(image)
    x = L.Activation("relu", name="r")(x)
    model = keras.Model(image, L.Dense(3, name="d")(L.Flatten(name="f")(x)), name="net")
    kernel, bias = model.get_layer("c").get_weights()
    kernel[..., 2], bias[2] = 0, -1  # never speaks
    model.get_layer("c").set_weights([kernel, bias])
    return model


def test_statistics_over_batches_of_any_size_are_those_of_all_values():
    model, x = dead_net(), images(7, 6, 6, 1)
    found = inspection.activations(model, x, batch_size=3)
    for row in found.rows:
        values = np.asarray(dlkit.features(model, row.name)(x), "float64")
        np.testing.assert_allclose(row.mean, values.mean(), rtol=1e-4)
        np.testing.assert_allclose(row.std, values.std(), rtol=1e-4)
        np.testing.assert_allclose(row.zeros, (values == 0).mean(), rtol=1e-6)
        still = (values == 0).reshape(-1, values.shape[-1]).all(axis=0)
        assert (row.units, row.dead) == (values.shape[-1], still.sum())
    rows = {row.name: row for row in found.rows}
    assert list(rows) == ["c", "r", "f", "d"]
    assert rows["c"].dead == 0 and rows["r"].dead >= 1
    assert found.images == 7


def test_statistics_in_words_and_json():
    found = inspection.activations(dead_net(), images(1, 6, 6, 1))
    text = str(found).splitlines()
    assert text[0] == "net on 1 image" and text[2].split()[:2] == ["layer", "kind"]
    assert text[4].startswith("r      Activation  4×4×4")
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["layers"][1]["name"] == "r" and plain["layers"][1]["dead"] >= 1
    with pytest.raises(InspectionError, match=r"net takes \(batch, 6, 6, 1\)"):
        inspection.activations(dead_net(), images(2, 5, 6, 1))


def test_batch_norm_is_looked_at_in_inference():
    model = dlkit.create_model("resnet20", num_classes=2, input_shape=(8, 8, 3))
    before = model.get_layer("conv1_norm").moving_mean.numpy()
    inspection.activations(model, images(4, 8, 8, 3))
    np.testing.assert_array_equal(model.get_layer("conv1_norm").moving_mean.numpy(), before)
