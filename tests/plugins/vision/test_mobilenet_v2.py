"""MobileNetV2: counts by hand, values by keras.applications, what it refuses."""

import keras
import numpy as np
import pytest
from dlkit_vision import mobilenet_v2
from dlkit_vision.layouts import of_keras, of_torch

import dlkit
from tests.plugins.vision import torchvision_oracle

# Table 2: expansion, channels, blocks.
TABLE = [(1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)]


def by_hand():
    """Weights of convolutions and of the dense layer, and the channels of all norms."""
    kernels, normed, channels = 3 * 3 * 3 * 32, 32, 32
    for expand, filters, depth in TABLE:
        for _ in range(depth):
            middle = expand * channels
            if expand > 1:
                kernels += channels * middle
                normed += middle
            kernels += 3 * 3 * middle + middle * filters
            normed += middle + filters
            channels = filters
    kernels += 320 * 1280 + 1280 * 1000 + 1000
    return kernels, normed + 1280


def test_parameters_by_hand():
    model = mobilenet_v2.mobilenet_v2()
    kernels, normed = by_hand()
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == kernels + 2 * normed == 3504872
    assert model.count_params() == kernels + 4 * normed == 3538984
    assert model.name == "mobilenet-v2"


def test_the_stages_shapes_and_the_sums():
    model = mobilenet_v2.mobilenet_v2()
    names = ("conv2_block1_project_norm", "conv3_block2_add", "conv4_block3_add",
             "conv5_block4_add", "conv6_block3_add", "conv7_block3_add",
             "conv8_block1_project_norm", "conv9_act")  # fmt: skip
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (112, 112, 16),
        (56, 56, 24),
        (28, 28, 32),
        (14, 14, 64),
        (14, 14, 96),
        (7, 7, 160),
        (7, 7, 320),
        (7, 7, 1280),
    ]
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == sum(depth - 1 for _, _, depth in TABLE) == 10


@pytest.mark.parametrize("alpha, shape", [(1.0, (45, 64, 3)), (0.35, (64, 64, 1))])
def test_outputs_equal_those_of_keras_applications(alpha, shape, difference):
    theirs = keras.applications.MobileNetV2(
        weights=None, input_shape=shape, alpha=alpha, classes=7, classifier_activation=None
    )
    ours = mobilenet_v2.mobilenet_v2(
        num_classes=7, input_shape=shape, alpha=alpha, classifier_activation=None
    )
    preprocess = keras.applications.mobilenet_v2.preprocess_input
    assert (
        difference(theirs, ours, of_keras.MOBILENET_V2.layer, preprocess, ("out_relu", "conv9_act"))
        < 1e-5
    )
    assert theirs.count_params() == ours.count_params()


def test_a_wide_network_has_as_many_parameters_as_theirs():
    theirs = keras.applications.MobileNetV2(
        weights=None, input_shape=(32, 32, 3), alpha=1.4, include_top=False
    )
    ours = mobilenet_v2.mobilenet_v2(input_shape=(32, 32, 3), alpha=1.4, num_classes=0)
    assert theirs.count_params() == ours.count_params()
    assert ours.output.shape == (None, 1792)  # 1.4 · 1280


def test_open_sides_and_other_classes():
    model = mobilenet_v2.mobilenet_v2(input_shape=(None, None, 3), alpha=0.35, num_classes=3)
    for height, width in ((32, 32), (33, 47)):
        p = model(np.full((2, height, width, 3), 100, "uint8"), training=False)
        assert p.shape == (2, 3)


def test_logits_of_the_style_torch_equal_torchvisions():
    model = mobilenet_v2.mobilenet_v2(
        num_classes=torchvision_oracle.CLASSES,
        input_shape=(*torchvision_oracle.ODD, 3),
        style="torch",
        include_preprocessing=False,
        classifier_activation=None,
    )
    torchvision_oracle.load(model, of_torch.MOBILENET_V2.layer)
    expected = np.array(torchvision_oracle.ANSWERS["mobilenet_v2"])
    y = model(torchvision_oracle.images("mobilenet_v2"), training=False)
    assert np.abs(y - expected).max() < 2e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    "config, message",
    [
        ({"style": "torhc"}, "no style 'torhc'. Did you mean 'torch'"),
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"alpha": -1.0}, "alpha=-1.0 leaves no channel of 32"),
        ({"alpha": 0.35, "num_classes": -1}, "num_classes=-1"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        mobilenet_v2.mobilenet_v2(**config)
    assert caught.value.fix
