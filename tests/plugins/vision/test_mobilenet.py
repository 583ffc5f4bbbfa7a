"""MobileNet: counts by hand, values by keras.applications, what it refuses."""

import itertools

import keras
import numpy as np
import pytest
from dlkit_vision import mobilenet
from dlkit_vision.layouts import of_keras

import dlkit

# Channels into and out of the thirteen blocks.
CHANNELS = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]


def test_parameters_by_hand():
    model = mobilenet.mobilenet()
    pairs = list(itertools.pairwise(CHANNELS))
    # 864 in the first convolution, 44,640 in the channels, 3,139,584 across them
    kernels = 3 * 3 * 3 * 32 + sum(3 * 3 * i + i * o for i, o in pairs)
    normed = 32 + sum(i + o for i, o in pairs)  # 10,944 channels
    dense = 1024 * 1000 + 1000
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == kernels + 2 * normed + dense == 4231976
    assert model.count_params() == kernels + 4 * normed + dense == 4253864
    assert model.name == "mobilenet"


def test_the_stages_shapes():
    model = mobilenet.mobilenet()
    ends = ("conv1_act", "conv2_block1", "conv3_block2", "conv4_block2", "conv5_block6",
            "conv6_block2")  # fmt: skip
    names = [end if end.endswith("act") else f"{end}_pointwise_act" for end in ends]
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (112, 112, 32),
        (112, 112, 64),
        (56, 56, 128),
        (28, 28, 256),
        (14, 14, 512),
        (7, 7, 1024),
    ]


@pytest.mark.parametrize("alpha, shape", [(1.0, (45, 64, 3)), (0.25, (64, 64, 1))])
def test_outputs_equal_those_of_keras_applications(alpha, shape, difference):
    """Odd maps included, whose last row and column a step of 2 leaves out."""
    theirs = keras.applications.MobileNet(
        weights=None, input_shape=shape, alpha=alpha, classes=7, classifier_activation=None
    )
    ours = mobilenet.mobilenet(
        num_classes=7, input_shape=shape, alpha=alpha, classifier_activation=None
    )
    preprocess = keras.applications.mobilenet.preprocess_input
    maps = ("conv_pw_13_relu", "conv6_block2_pointwise_act")
    assert difference(theirs, ours, of_keras.MOBILENET.layer, preprocess, maps) < 1e-5
    assert theirs.count_params() == ours.count_params()


def test_open_sides_and_no_classes():
    model = mobilenet.mobilenet(input_shape=(None, None, 3), alpha=0.25, num_classes=0)
    for height, width in ((32, 32), (33, 47)):
        features = model(np.full((2, height, width, 3), 100, "uint8"), training=False)
        assert features.shape == (2, 256)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"alpha": 0.0}, "alpha=0.0 leaves no channel of 32"),
        ({"alpha": 0.25, "pooling": "avg"}, "no pooling 'avg'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        mobilenet.mobilenet(**config)
    assert caught.value.fix
