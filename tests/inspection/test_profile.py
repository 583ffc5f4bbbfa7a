"""Counts of layers against papers, published tables and hand arithmetic."""

import json
import math
from functools import partial

import keras
import pytest
from dlkit_vision import (
    alexnet,
    densenet,
    googlenet,
    inception_v3,
    mobilenet,
    resnet,
    resnet_cifar,
    resnet_v2,
    vgg,
    xception,
)

from dlkit import inspection
from dlkit.inspection import InspectionError

APPLICATIONS = keras.applications
L = keras.layers
slow = pytest.mark.slow


def test_alexnet_has_the_papers_neurons():
    found = inspection.profile(alexnet.alexnet())
    layers = [row.neurons for row in found.rows if row.neurons]
    assert layers == [290400, 186624, 64896, 64896, 43264, 4096, 4096, 1000]
    assert found.neurons == 659272  # "650,000 neurons"
    assert found.params == 60965224
    assert round(found.macs / 1e9, 3) == 0.724
    fields = [row.receptive_field for row in found.rows if row.kind == "MaxPooling2D"]
    assert fields == [(19, 19), (67, 67), (195, 195)]  # Araujo et al. 2019: 195, stride 32
    assert next(row for row in found.rows if row.kind == "Flatten").receptive_field is None
    keras.backend.clear_session()


# GMAC as torchvision's weight tables give them (`_ops`), or as counted from the papers' tables;
# receptive fields and strides of the last map from Araujo et al. 2019, table in the appendix.
PUBLISHED = [
    ("MobileNet", 0.569, 315),
    ("ResNet50", 3.858, 483),
]
PUBLISHED_LARGE = [
    ("DenseNet121", 2.834, None),
    ("InceptionV3", 5.713, 1311),
    ("MobileNetV2", 0.301, None),
    ("ResNet101", 7.570, 1027),
    ("ResNet152", 11.282, 1507),
    ("ResNet50V2", 3.482, 483),
    ("VGG16", 15.470, 212),
    ("VGG19", 19.632, None),
    ("Xception", 8.357, None),
]


@pytest.mark.parametrize(
    ("name", "gmac", "field"),
    [*PUBLISHED, *(pytest.param(*row, marks=slow) for row in PUBLISHED_LARGE)],
)
def test_published_figures(name, gmac, field):
    model = getattr(APPLICATIONS, name)(weights=None)
    found = inspection.profile(model)
    assert abs(found.macs / 1e9 - gmac) < 1e-3
    assert found.params == model.count_params()
    assert found.trainable == sum(math.prod(w.shape) for w in model.trainable_weights)
    last = [row for row in found.rows if row.receptive_field][-1]
    assert last.stride == (32, 32)
    assert field is None or last.receptive_field == (field, field)
    assert found.uncounted == ()
    keras.backend.clear_session()


@pytest.mark.parametrize(
    ("build", "gmac", "params"),
    [
        (resnet_cifar.resnet20, 0.041, 269722),
        (resnet_cifar.resnet56, 0.126, 853018),
        (resnet.resnet18, 1.814, 11689512),
        (resnet.resnet50, 4.089, 25557032),
        (mobilenet.mobilenet, 0.569, 4231976),
        (googlenet.googlenet, 1.583, 6998552),
        pytest.param(partial(googlenet.googlenet, variant="torch"), 1.498, 6624904, marks=slow),
        pytest.param(
            partial(alexnet.alexnet, variant="torch", input_shape=(224, 224, 3)),
            0.714,
            61100840,
            marks=slow,
        ),
        pytest.param(vgg.vgg16, 15.470, 138357544, marks=slow),
        pytest.param(vgg.vgg19, 19.632, 143667240, marks=slow),
        pytest.param(densenet.densenet121, 2.834, 7978856, marks=slow),
        pytest.param(inception_v3.inception_v3, 5.713, 23817352, marks=slow),
        pytest.param(xception.xception, 8.357, 22855952, marks=slow),
        pytest.param(resnet.resnext50_32x4d, 4.230, 25028904, marks=slow),
        pytest.param(resnet.wide_resnet50_2, 11.398, 68883240, marks=slow),
        pytest.param(resnet.resnet101, 7.801, 44549160, marks=slow),
        pytest.param(resnet.resnet152, 11.514, 60192808, marks=slow),
        pytest.param(resnet_v2.resnet50_v2, 3.482, 25568360, marks=slow),
    ],
)
def test_dlkits_networks(build, gmac, params):
    found = inspection.profile(build())
    assert abs(found.macs / 1e9 - gmac) < 1e-3
    assert found.trainable == params
    keras.backend.clear_session()


def net(*layers, shape=(8, 8, 4)):
    return keras.Sequential([keras.Input(shape), *layers], name="net")


@pytest.mark.parametrize(
    ("layer", "macs", "neurons"),
    [
        (L.Conv2D(6, 3), 6 * 6 * 3 * 3 * 4 * 6, 6 * 6 * 6),
        (L.Conv2D(6, (1, 3), strides=2, padding="same"), 4 * 4 * 3 * 4 * 6, 4 * 4 * 6),
        (L.Conv2D(6, 3, groups=2), 6 * 6 * 9 * 2 * 6, 6 * 6 * 6),
        (L.Conv2D(6, 3, dilation_rate=2), 4 * 4 * 9 * 4 * 6, 4 * 4 * 6),
        (L.DepthwiseConv2D(3, depth_multiplier=2), 6 * 6 * 9 * 8, 6 * 6 * 8),
        (L.SeparableConv2D(6, 3), 6 * 6 * (9 * 4 + 4 * 6), 6 * 6 * 6),
        (L.Conv2DTranspose(6, 3, strides=2), 8 * 8 * 9 * 4 * 6, 17 * 17 * 6),
        (L.Dense(5), 8 * 8 * 4 * 5, 8 * 8 * 5),
        (L.MaxPooling2D(), 0, 0),
        (L.BatchNormalization(), 0, 0),
    ],
)
def test_multiply_adds_by_hand(layer, macs, neurons):
    row = inspection.profile(net(layer)).rows[-1]
    assert (row.macs, row.neurons) == (macs, neurons)


def test_one_and_three_directions():
    found = inspection.profile(net(L.Conv1D(6, 3, 2), L.MaxPooling1D(2), shape=(21, 4)))
    assert found.macs == 10 * 3 * 4 * 6
    assert (found.rows[-1].receptive_field, found.rows[-1].stride) == ((5,), (4,))
    found = inspection.profile(net(L.Conv3D(2, (1, 2, 3)), shape=(4, 5, 6, 1)))
    assert found.macs == 4 * 4 * 4 * 6 * 2
    assert found.rows[-1].receptive_field == (1, 2, 3)


def test_the_field_grows_by_the_formula():
    found = inspection.profile(
        net(
            L.Conv2D(2, 3, 2, padding="same"),  # 1 + 2·1 = 3, stride 2
            L.Conv2D(2, 3, dilation_rate=2, padding="same"),  # 3 + 2·2·2 = 11
            L.AveragePooling2D(2),  # 11 + 1·2 = 13, stride 4
            L.Conv2D(2, (1, 3), padding="same"),  # 13, 13 + 2·4 = 21
            L.UpSampling2D(2),  # stride 2
            L.Conv2DTranspose(2, 4, strides=2, padding="same"),  # 2 values of stride 2 each
            shape=(32, 32, 1),
        )
    )
    fields = [row.receptive_field for row in found.rows]
    assert fields == [(3, 3), (11, 11), (13, 13), (13, 21), (13, 21), (15, 23)]
    assert [row.stride for row in found.rows] == [(n, n) for n in (2, 2, 4, 4, 2, 1)]


def test_of_branches_the_largest_counts_and_a_gate_sees_all():
    image = keras.Input((16, 16, 4))
    wide = L.Conv2D(4, 7, padding="same", name="wide")(image)
    narrow = L.Conv2D(4, 3, padding="same", name="narrow")(image)
    both = L.Concatenate(name="both")([narrow, wide])
    gate = L.Dense(8, name="gate")(L.GlobalAveragePooling2D(keepdims=True, name="mean")(both))
    out = L.Multiply(name="gated")([both, gate])
    rows = {row.name: row for row in inspection.profile(keras.Model(image, out)).rows}
    assert rows["both"].receptive_field == (7, 7)
    assert (rows["mean"].receptive_field, rows["mean"].stride) == (None, None)
    assert (rows["gated"].receptive_field, rows["gated"].stride) == (None, (1, 1))


def test_a_shared_layer_costs_each_time_and_holds_once():
    shared = L.Conv2D(4, 3, padding="same", name="shared")
    image = keras.Input((8, 8, 4))
    model = keras.Model(image, shared(shared(image)))
    (row,) = inspection.profile(model).rows
    assert row.params == 9 * 4 * 4 + 4
    assert row.macs == 2 * 8 * 8 * 9 * 16
    assert inspection.profile(model).params == model.count_params()


def test_nested_models_and_operations_are_looked_into():
    inner = keras.Sequential([keras.Input((None, None, 3)), L.Conv2D(2, 3, 2, name="c")], name="in")
    image = keras.Input((9, 9, 3))
    model = keras.Model(image, L.Conv2D(1, 3, name="d")(keras.ops.relu(inner(image))), name="out")
    found = inspection.profile(model)
    assert [row.name for row in found.rows][::2] == ["in/c", "d"]
    assert found.macs == 4 * 4 * 27 * 2 + 2 * 2 * 18
    assert found.rows[-1].receptive_field == (3 + 2 * 2,) * 2
    assert found.params == model.count_params()


def test_what_is_not_counted_is_said():
    model = net(L.Reshape((64, 4)), L.LSTM(3, name="reader"), L.Dense(2))
    found = inspection.profile(model)
    assert found.uncounted == ("reader",)
    assert "without the multiply-adds of what is neither convolution nor dense: reader" in str(
        found
    )
    words = keras.Sequential([keras.Input((7,), dtype="int32"), L.Embedding(10, 4), L.Conv1D(2, 3)])
    found = inspection.profile(words)
    assert found.uncounted == () and found.rows[-1].receptive_field == (3,)


def test_another_size_than_it_was_built_for():
    model = resnet_cifar.resnet20(input_shape=(None, None, 3))
    with pytest.raises(InspectionError, match="any×any×3, and what it costs depends") as caught:
        inspection.profile(model)
    assert "profile(model, input_shape=(224, 224, 3))" in caught.value.fix
    small, large = (inspection.profile(model, (n, n, 3)).macs - 640 for n in (32, 64))
    assert large == 4 * small
    with pytest.raises(InspectionError, match="no input of 32×32×4: it was built for any×any×3"):
        inspection.profile(model, (32, 32, 4))
    strict = net(L.Conv2D(1, 3), shape=(None, None, 1))
    with pytest.raises(InspectionError, match="net takes no input of 2×2×1: "):
        inspection.profile(strict, (2, 2, 1))


def test_it_leaves_the_model_as_it_was():
    model = resnet_cifar.resnet20()
    before = model.to_json()
    output = model.get_layer("conv3_block1_out").output
    inspection.profile(model)
    inspection.profile(model, (32, 32, 3))
    assert model.to_json() == before
    assert model.get_layer("conv3_block1_out").output is output


def test_text_and_json():
    found = inspection.profile(resnet_cifar.resnet20())
    text = str(found).splitlines()
    assert text[0] == "resnet20, input 32×32×3"
    assert text[-1] == ("271,098 parameters, 269,722 trainable; 0.041 GMAC; 188,426 neurons")
    conv = next(line for line in text if line.startswith("conv1_conv")).split()
    assert conv == ["conv1_conv", "Conv2D", "32×32×16", "432", "432", "442,368", "16,384", "3", "1"]
    assert next(line for line in text if line.startswith("average_pool")).endswith("  all")
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["macs"] == found.macs and plain["neurons"] == 188426
    assert len(plain["layers"]) == len(found.rows)
    assert plain["layers"][-1]["receptive_field"] is None


def test_frozen_layers_hold_what_training_does_not_change():
    model = resnet_cifar.resnet20()
    model.get_layer("conv1_conv").trainable = False
    found = inspection.profile(model)
    row = next(row for row in found.rows if row.name == "conv1_conv")
    assert (row.params, row.trainable) == (432, 0)
    assert found.trainable == 269722 - 432


def test_a_model_without_a_graph_is_refused():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    for model in (Own(), keras.Sequential([L.Dense(2)])):
        with pytest.raises(InspectionError, match="are no graph to look into") as caught:
            inspection.profile(model)
        assert "keras.Model(inputs, outputs)" in caught.value.fix
