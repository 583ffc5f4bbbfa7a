"""Residual blocks, switched off and on."""

import keras
import numpy as np
import pytest
from dlkit_vision import resnet_cifar

import dlkit
from dlkit import inspection
from dlkit.inspection import InspectionError

L = keras.layers
BLOCKS = [f"conv{stage}_block{n}" for stage in (2, 3, 4) for n in (1, 2, 3)]


def images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return resnet_cifar.resnet20_v2(num_classes=3, input_shape=(8, 8, 3))


def test_blocks_are_found_in_their_order(model):
    assert inspection.residual_blocks(model) == BLOCKS
    assert inspection.residual_blocks(dlkit.create_model("plain20")) == []


def test_with_all_on_it_is_the_same_and_with_one_off_the_block_is_its_shortcut(model):
    x = images(2, 8, 8, 3)
    copy = inspection.lesion(model)
    np.testing.assert_allclose(copy(x), model(x), rtol=1e-5)
    copy = inspection.lesion(model, "conv3_block2")
    before, behind = dlkit.features(copy, ("conv3_block1_add", "conv3_block2_add"))(x)
    np.testing.assert_array_equal(before, behind)
    assert np.abs(copy(x) - model(x)).max() > 1e-4
    before, behind = dlkit.features(model, ("conv3_block1_add", "conv3_block2_add"))(x)
    assert np.abs(before - behind).max() > 1e-4


def test_weights_are_copied_and_the_model_is_left_alone(model):
    before = model.to_json()
    copy = inspection.lesion(model, ["conv2_*", "conv4_block3_add"])
    assert model.to_json() == before
    assert copy.name == model.name and len(copy.layers) == len(model.layers) + 9
    assert copy.get_layer("conv1_conv") is not model.get_layer("conv1_conv")
    assert [s.trainable_weights for s in copy.layers if s.name.endswith("_switch")] == [[]] * 9
    assert inspection.switch_off(copy, ()) == []
    assert inspection.switch_off(copy, ["conv2_*", "conv4_block3_add"]) == [
        *BLOCKS[:3], "conv4_block3",
    ]  # fmt: skip


def test_a_compiled_copy_heeds_its_switches(model):
    copy, x = inspection.lesion(model), images(2, 8, 8, 3)
    whole = copy.predict(x, verbose=0)
    inspection.switch_off(copy, BLOCKS)
    bare = copy.predict(x, verbose=0)
    assert np.abs(whole - bare).max() > 1e-4
    inspection.switch_off(copy)
    np.testing.assert_array_equal(copy.predict(x, verbose=0), whole)


def test_a_copy_is_a_model_like_any_other(model, tmp_path):
    copy, x = inspection.lesion(model, BLOCKS[4]), images(2, 8, 8, 3)
    copy.save(tmp_path / "cut.keras")
    np.testing.assert_array_equal(dlkit.load_model(tmp_path / "cut.keras")(x), copy(x))
    assert dlkit.gradcam(copy, x, 0, BLOCKS[3] + "_add").shape == (2, 4, 4)
    assert dlkit.profile(copy).macs == dlkit.profile(model).macs


def test_the_main_branch_is_the_longer_one_wherever_it_stands():
    image = keras.Input((8, 8, 4))
    x = L.Conv2D(4, 3, padding="same", name="a")(image)
    x = L.BatchNormalization(name="b")(x)
    short = L.Conv2D(4, 1, name="short")(image)
    x = y = L.Add(name="joined")([x, short])  # main first, as Xception has it
    y = L.ReLU(name="r")(y)
    out = L.Add(name="second_add")([x, y])
    net = keras.Model(image, out, name="net")
    assert inspection.residual_blocks(net) == ["joined", "second"]
    cut = inspection.lesion(net, "joined")
    data = np.ones((1, 8, 8, 4), "float32")
    np.testing.assert_allclose(
        dlkit.features(cut, "joined")(data), net.get_layer("short")(data), rtol=1e-6
    )
    keep = inspection.lesion(net, "second_add")
    np.testing.assert_allclose(keep(data), dlkit.features(net, "joined")(data), rtol=1e-6)


def test_a_network_of_keras_applications():
    net = keras.applications.MobileNetV2(
        weights=None, input_shape=(32, 32, 3), classes=4, alpha=0.35
    )
    blocks = inspection.residual_blocks(net)
    assert len(blocks) == 10 and blocks[0] == "block_2"
    cut = inspection.lesion(net, "block_2")
    x = images(1, 32, 32, 3)
    before, behind = dlkit.features(cut, ("block_1_project_BN", "block_2_add"))(x)
    np.testing.assert_array_equal(before, behind)


def test_a_study_is_the_accuracy_of_each_cut(model):
    x = images(40, 8, 8, 3)
    labels = np.asarray(model(x)).argmax(-1)
    whole, cut = inspection.lesion_study(model, x, labels, ["conv2_block1", (), BLOCKS])
    assert whole == 1.0 and cut.shape == (3,) and cut[1] == 1.0
    bare = np.asarray(inspection.lesion(model, BLOCKS)(x)).argmax(-1)
    assert cut[2] == np.mean(bare == labels)
    with pytest.raises(InspectionError, match="the images are"):
        inspection.lesion_study(model, x[:, :5], labels)
    for wrong in (labels[:2], np.eye(10)[labels], labels / 2):
        with pytest.raises(InspectionError, match="not one class number for each of 40 images"):
            inspection.lesion_study(model, x, wrong)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: inspection.lesion(m, "conv3_blok2"), "Did you mean 'conv3_block2'?"),
        (lambda m: inspection.lesion(m, ["conv9_*"]), "has no residual block 'conv9_*'"),
        (lambda m: inspection.switch_off(m), "resnet20-v2 has no switches"),
        (lambda m: inspection.lesion(inspection.lesion(m)), "has its switches already"),
        (lambda m: inspection.lesion(dlkit.create_model("lenet5")), "lenet5 has no residual block"),
    ],
)
def test_what_cannot_be(model, ask, message):
    with pytest.raises(InspectionError) as caught:
        ask(model)
    assert message in str(caught.value) and caught.value.fix
