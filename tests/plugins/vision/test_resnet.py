"""Residual networks for ImageNet: counts by hand, values by keras.applications, styles."""

import re
from functools import partial

import keras
import numpy as np
import pytest
from dlkit_vision import resnet
from dlkit_vision.layouts import of_keras

import dlkit
from dlkit import blocks

COUNTS = {
    "resnet18": 11689512,
    "resnet34": 21797672,
    "resnet50": 25557032,
    "resnet101": 44549160,
    "resnet152": 60192808,
    "resnext50-32x4d": 25028904,
    "resnext101-32x8d": 88791336,
    "wide-resnet50-2": 68883240,
    "se-resnet50": 28088024,
}
QUICK = ("resnet18", "resnet50", "resnext50-32x4d", "se-resnet50")
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in COUNTS if name not in QUICK]

# Blocks of the stages; for bottlenecks, the 3×3 convolution's channels in the first stage, and its
# groups.
TABLE = {
    "resnet18": ((2, 2, 2, 2), None, 1),
    "resnet34": ((3, 4, 6, 3), None, 1),
    "resnet50": ((3, 4, 6, 3), 64, 1),
    "resnet101": ((3, 4, 23, 3), 64, 1),
    "resnet152": ((3, 8, 36, 3), 64, 1),
    "resnext50-32x4d": ((3, 4, 6, 3), 32 * 4, 32),
    "resnext101-32x8d": ((3, 4, 23, 3), 32 * 8, 32),
    "wide-resnet50-2": ((3, 4, 6, 3), 128, 1),
    "se-resnet50": ((3, 4, 6, 3), 64, 1),
}


def by_hand(name):
    """Weights of convolutions, channels of norms, and what the dense layers hold."""
    depths, width, groups = TABLE[name]
    kernels, normed, dense, channels = 7 * 7 * 3 * 64, 64, 0, 64
    for stage, depth in enumerate(depths):
        plain = 64 * 2**stage
        out = plain if width is None else 4 * plain
        for _ in range(depth):
            if width is None:
                kernels += 9 * channels * out + 9 * out * out
                normed += 2 * out
            else:
                inner = width * 2**stage
                kernels += channels * inner + 9 * inner * inner // groups + inner * out
                normed += 2 * inner + out
            if channels != out:
                kernels += channels * out
                normed += out
            if name.startswith("se-"):
                dense += out * out // 16 + out // 16 + out // 16 * out + out
            channels = out
    return kernels, normed, dense + channels * 1000 + 1000


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_parameters_are_the_published(name):
    model = resnet.resnet(name)
    kernels, normed, dense = by_hand(name)
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == kernels + 2 * normed + dense == COUNTS[name]
    assert model.count_params() == trainable + 2 * normed
    convs = [x for x in model.layers if isinstance(x, keras.layers.Conv2D)]
    number = int(re.search(r"\d+", name)[0])
    assert len([x for x in convs if "_0_conv" not in x.name]) + 1 == number
    assert model.name == name


def test_the_papers_release_has_one_bias_more_than_resnet50():
    assert COUNTS["resnet50"] + 64 == 25557096


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_the_stages_shapes(name):
    model = resnet.resnet(name, num_classes=0)
    last = {"resnet18": (2, 2, 2, 2), "resnet50": (3, 4, 6, 3)}[name]
    names = ["conv1_act", "pool1", *(f"conv{i}_block{n}_out" for i, n in enumerate(last, start=2))]
    times = 4 if name == "resnet50" else 1
    assert [model.get_layer(layer).output.shape[1:] for layer in names] == [
        (112, 112, 64),
        (56, 56, 64),
        (56, 56, 64 * times),
        (28, 28, 128 * times),
        (14, 14, 256 * times),
        (7, 7, 512 * times),
    ]
    assert model.output.shape == (None, 512 * times)


def test_the_keras_style_is_the_network_of_keras_applications(difference):
    shape = (45, 64, 3)
    theirs = keras.applications.ResNet50(
        weights=None, input_shape=shape, classes=7, classifier_activation=None
    )
    ours = resnet.resnet50(
        num_classes=7, input_shape=shape, classifier_activation=None, style="keras"
    )
    preprocess = keras.applications.resnet.preprocess_input
    maps = ("conv5_block3_out", "conv5_block3_out")
    assert difference(theirs, ours, of_keras.RESNET.layer, preprocess, maps) < 1e-5
    # A bias on each of 53 convolutions, as many as channels of norms; with 1000 classes 25,636,712.
    _, normed, _ = by_hand("resnet50")
    total = COUNTS["resnet50"] + normed + 2 * normed
    assert total == 25636712
    assert ours.count_params() == theirs.count_params() == total - 993 * 2049


@pytest.fixture
def shallow(monkeypatch):
    """One bottleneck a stage: what does not depend on the depth is asked of this."""
    monkeypatch.setitem(resnet.NETWORKS, "shallow", (blocks.bottleneck, (1, 1, 1, 1)))
    return partial(resnet.resnet, "shallow")


@pytest.mark.parametrize(
    "style, step, bias, preprocessing",
    [
        ("torch", "2", False, ["preprocessing"]),
        ("paper", "1", False, ["reverse_channels", "preprocessing"]),
        ("keras", "1", True, ["reverse_channels", "preprocessing"]),
    ],
)
def test_the_styles(style, step, bias, preprocessing, shallow):
    model = shallow(style=style, num_classes=0)
    strided = [x.name for x in model.layers if isinstance(x, keras.layers.Conv2D)
               and x.strides == (2, 2) and "_0_" not in x.name]  # fmt: skip
    assert strided == ["conv1_conv", *(f"conv{i}_block1_{step}_conv" for i in (3, 4, 5))]
    assert {x.use_bias for x in model.layers if isinstance(x, keras.layers.Conv2D)} == {bias}
    names = [layer.name for layer in model.layers]
    assert names[1 : 1 + len(preprocessing)] == preprocessing
    assert ("pool1_pad" in names) == (style != "paper")
    assert model.get_layer("pool1").output.shape == (None, 56, 56, 64)


def test_a_style_of_ones_own_is_taken(shallow):
    own = blocks.Style(**{**vars(blocks.STYLES["torch"]), "norm": keras.layers.LayerNormalization})
    model = shallow(style=own, num_classes=0)
    assert isinstance(model.get_layer("conv5_block1_3_norm"), keras.layers.LayerNormalization)


def test_preprocessing_is_the_styles(shallow):
    x = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype="uint8")
    for style, mode in (("torch", "torch"), ("paper", "caffe"), ("keras", "caffe")):
        model = shallow(style=style, num_classes=0, input_shape=(32, 32, 3))
        first = keras.Model(model.input, model.get_layer("preprocessing").output)
        expected = keras.applications.imagenet_utils.preprocess_input(
            x.astype("float32"), mode=mode
        )
        np.testing.assert_allclose(first(x), expected, atol=1e-4)
    bare = shallow(include_preprocessing=False, num_classes=0)
    assert bare.layers[1].name == "conv1_conv_pad"


def test_open_sides_other_channels_and_classes(shallow):
    model = shallow(num_classes=3, input_shape=(None, None, 1), pooling="max", dropout=0.5)
    for height, width in ((32, 32), (33, 47)):
        p = model(np.full((2, height, width, 1), 100, "uint8"), training=False)
        assert p.shape == (2, 3)
    assert model.get_layer("dropout").rate == 0.5


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"style": "pytorch"}, "no style 'pytorch'. Did you mean 'torch'"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message, shallow):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        shallow(**config)
    assert caught.value.fix
