"""EfficientNet-B0: counts by hand, values by keras.applications, stochastic depth."""

import keras
import numpy as np
import pytest
from dlkit_vision import efficientnet
from dlkit_vision.layouts import of_keras, of_torch

import dlkit
from dlkit import layers
from tests.plugins.vision import torchvision_oracle

# Table 1: expansion, side of the kernel, channels, blocks.
TABLE = [(1, 3, 16, 1), (6, 3, 24, 2), (6, 5, 40, 2), (6, 3, 80, 3), (6, 5, 112, 3),
         (6, 5, 192, 4), (6, 3, 320, 1)]  # fmt: skip


def by_hand():
    """Weights of convolutions and dense layers, and the channels of all norms."""
    weights, normed, channels = 3 * 3 * 3 * 32, 32, 32
    for expand, k, filters, depth in TABLE:
        for _ in range(depth):
            middle, squeezed = expand * channels, channels // 4
            if expand > 1:
                weights += channels * middle
                normed += middle
            weights += k * k * middle + middle * filters
            weights += middle * squeezed + squeezed + squeezed * middle + middle
            normed += middle + filters
            channels = filters
    weights += 320 * 1280 + 1280 * 1000 + 1000
    return weights, normed + 1280


def test_parameters_by_hand():
    model = efficientnet.efficientnet_b0()
    weights, normed = by_hand()
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == weights + 2 * normed == 5288548
    # keras.applications has 7 more: the mean, variance and count of its preprocessing.
    assert model.count_params() == weights + 4 * normed == 5330571 - 7
    assert model.name == "efficientnet-b0"


def test_the_stages_shapes():
    model = efficientnet.efficientnet_b0(num_classes=0)
    names = ("conv2_block1_project_norm", "conv3_block2_add", "conv4_block2_add",
             "conv5_block3_add", "conv6_block3_add", "conv7_block4_add",
             "conv8_block1_project_norm", "conv9_act")  # fmt: skip
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (112, 112, 16),
        (56, 56, 24),
        (28, 28, 40),
        (14, 14, 80),
        (14, 14, 112),
        (7, 7, 192),
        (7, 7, 320),
        (7, 7, 1280),
    ]
    assert model.output.shape == (None, 1280)


def test_outputs_equal_those_of_keras_applications(difference):
    shape = (45, 64, 3)
    theirs = keras.applications.EfficientNetB0(
        weights=None, input_shape=shape, classes=7, classifier_activation=None
    )
    (constants,) = [x for x in theirs.layers if isinstance(x, keras.layers.Normalization)]
    constants.adapt_mean.assign([0.485, 0.456, 0.406])  # ImageNet's, which its files bring
    constants.adapt_variance.assign(np.square([0.229, 0.224, 0.225]))
    constants.finalize_state()
    ours = efficientnet.efficientnet_b0(
        num_classes=7, input_shape=shape, classifier_activation=None
    )
    maps = ("top_activation", "conv9_act")
    assert difference(theirs, ours, of_keras.EFFICIENTNET.layer, lambda x: x, maps) < 1e-5


def test_stochastic_depth_grows_with_depth_and_stands_in_residual_blocks_alone():
    model = efficientnet.efficientnet_b0(num_classes=0, input_shape=(32, 32, 3))
    rates = {x.name: x.rate for x in model.layers if isinstance(x, layers.DropPath)}
    theirs = keras.applications.EfficientNetB0(
        weights=None, include_top=False, input_shape=(32, 32, 3)
    )
    drops = [x.rate for x in theirs.layers if isinstance(x, keras.layers.Dropout)]
    np.testing.assert_allclose(list(rates.values()), drops)
    assert len(rates) == 9
    assert rates["conv3_block2_drop_path"] == pytest.approx(0.2 * 2 / 16)
    bare = efficientnet.efficientnet_b0(
        num_classes=3, input_shape=(None, None, 3), drop_path=0.0, dropout=0.0
    )
    kinds = layers.DropPath | keras.layers.Dropout
    assert not [x for x in bare.layers if isinstance(x, kinds)]
    p = bare(np.full((2, 33, 47, 3), 100, "uint8"), training=False)
    assert p.shape == (2, 3)


def test_logits_of_the_style_torch_equal_torchvisions():
    model = efficientnet.efficientnet_b0(
        num_classes=torchvision_oracle.CLASSES,
        input_shape=(*torchvision_oracle.ODD, 3),
        style="torch",
        include_preprocessing=False,
        classifier_activation=None,
    )
    torchvision_oracle.load(model, of_torch.EFFICIENTNET.layer)
    expected = np.array(torchvision_oracle.ANSWERS["efficientnet_b0"])
    y = model(torchvision_oracle.images("efficientnet_b0"), training=False)
    assert np.abs(y - expected).max() < 2e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    "config, message",
    [
        ({"style": "torhc"}, "no style 'torhc'. Did you mean 'torch'"),
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"input_shape": (32, 32, 3), "classifier_activation": "relu"}, "no activation 'relu'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        efficientnet.efficientnet_b0(**config)
    assert caught.value.fix
