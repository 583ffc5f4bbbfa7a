"""The residual networks of CIFAR-10 and their plain twins."""

import keras
import numpy as np
import pytest
from dlkit_vision import resnet_cifar

import dlkit
from dlkit import blocks

KINDS = ("plain", "resnet")
DEEP = pytest.mark.slow


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def by_hand(n):
    """Convolutions without bias, gamma and beta of every norm, and the dense layer."""
    first = 3 * 3 * 3 * 16 + 2 * 16
    stages = 0
    for before, filters in ((16, 16), (16, 32), (32, 64)):
        convs = 3 * 3 * before * filters + (2 * n - 1) * 3 * 3 * filters * filters
        stages += convs + 2 * n * 2 * filters
    return first + stages + 64 * 10 + 10


def by_hand_v2(n):
    """As many: each convolution has the norm before it, of its inputs, and one ends the network.

    The first block's first convolution finds the norm of the network's first.
    """
    kernels = 3 * 3 * 3 * 16 + 64 * 10 + 10
    normed = 16 + 64
    for before, filters in ((16, 16), (16, 32), (32, 64)):
        kernels += 3 * 3 * before * filters + (2 * n - 1) * 3 * 3 * filters * filters
        normed += before + (2 * n - 1) * filters
    return kernels + 2 * (normed - 16)


def pixels(n=2, side=32, channels=3):
    shape = (n, side, side, channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")


PAPER = {20: 269722, 32: 464154, 44: 658586, 56: 853018, 110: 1727962}


@pytest.mark.parametrize("layers", [20, 32, 44, 56, pytest.param(110, marks=DEEP)])
@pytest.mark.parametrize("kind", KINDS)
def test_parameters_are_the_papers(kind, layers):
    name, n = f"{kind}{layers}", (layers - 2) // 6
    model = getattr(resnet_cifar, name)()
    # n = 3: 464 + (13,824 + 192) + (50,688 + 384) + (202,752 + 768) + 650
    assert trainable(model) == by_hand(n) == PAPER[layers]
    # Two moving statistics for every gamma and beta.
    assert model.count_params() - trainable(model) == 2 * (16 + 2 * n * (16 + 32 + 64))
    convs = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convs) + 1 == layers
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == (3 * n if kind == "resnet" else 0)
    assert model.name == name


@pytest.mark.parametrize("layers", [20, 56, pytest.param(110, marks=DEEP)])
def test_pre_activation_changes_no_count(layers):
    n = (layers - 2) // 6
    model = getattr(resnet_cifar, f"resnet{layers}_v2")()
    assert trainable(model) == by_hand_v2(n) == PAPER[layers]
    assert model.count_params() - trainable(model) == 2 * (16 + 2 * n * (16 + 32 + 64))
    assert model.name == f"resnet{layers}-v2"


def test_pre_activation_blocks_begin_with_a_norm_except_for_the_first():
    model = resnet_cifar.resnet20_v2()
    names = [layer.name for layer in model.layers]
    norms = [name for name in names if name.endswith("_preact_norm")]
    assert len(norms) == 3 * 3 - 1
    assert "conv2_block1_preact_norm" not in names
    assert names[-5:] == ["post_norm", "post_act", "average_pool", "logits", "predictions"]
    ends = ("conv3_block1_preact_act", "conv4_block1_preact_act", "post_act")
    shapes = [model.get_layer(end).output.shape[1:] for end in ends]
    assert shapes == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]


def test_every_network_of_the_table_has_its_builder():
    builders = {name.replace("-", "_") for name in resnet_cifar.NETWORKS}
    assert builders <= set(vars(resnet_cifar))
    assert len(builders) == 5 + 5 + 3


@pytest.mark.parametrize("build", [resnet_cifar.resnet20, resnet_cifar.plain20])
def test_every_stage_has_the_papers_shape(build):
    model = build()
    shapes = [model.get_layer(f"conv{stage}_block3_out").output.shape[1:] for stage in (2, 3, 4)]
    assert shapes == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]
    assert model.get_layer("conv4_block2_2_conv").filters == 64


def test_only_two_shortcuts_change_the_shape_and_none_learns():
    model = resnet_cifar.resnet20()
    shortcuts = [layer for layer in model.layers if layer.name.endswith("shortcut")]
    assert [s.name for s in shortcuts] == ["conv3_block1_shortcut", "conv4_block1_shortcut"]
    assert [s.count_params() for s in shortcuts] == [0, 0]


@pytest.mark.parametrize("style, extra", [("paper", 0), ("torch", 0), ("keras", 16 + 6 * 112)])
def test_styles_differ_by_the_biases_alone(style, extra):
    assert trainable(resnet_cifar.resnet20(style=style)) == 269722 + extra


def test_a_style_of_ones_own_is_taken():
    gelu = blocks.Style(
        **{
            **vars(blocks.STYLES["paper"]),
            "act": lambda name: keras.layers.Activation("gelu", name=name),
        }
    )
    model = resnet_cifar.resnet20(style=gelu)
    assert model.get_layer("conv1_act").activation is keras.activations.gelu


def test_preprocessing_standardises_cifars_colors():
    model = resnet_cifar.resnet20()
    first = keras.Model(model.input, model.get_layer("preprocessing").output)
    x = np.tile(np.array([125.3, 123.0 + 62.1, 113.9 - 66.7], "float32"), (1, 32, 32, 1))
    np.testing.assert_allclose(first(x)[0, 0, 0], [0.0, 1.0, -1.0], atol=1e-5)


def test_gray_images_get_the_mean_color():
    model = resnet_cifar.resnet20(input_shape=(32, 32, 1))
    first = keras.Model(model.input, model.get_layer("preprocessing").output)
    assert first.output.shape == (None, 32, 32, 1)
    mean, std = (125.3 + 123.0 + 113.9) / 3, (63.0 + 62.1 + 66.7) / 3
    x = np.full((1, 32, 32, 1), mean + std, "float32")
    np.testing.assert_allclose(first(x)[0, 0, 0], [1.0], atol=1e-5)


@pytest.mark.parametrize("side, channels, classes", [(4, 1, 2), (33, 4, 7)])
def test_other_sizes_channels_and_classes(side, channels, classes):
    model = resnet_cifar.resnet20(num_classes=classes, input_shape=(side, side, channels))
    p = model.predict(pixels(3, side, channels), verbose=0)
    assert (p.shape, p.dtype) == ((3, classes), np.float32)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-6)


def test_one_model_takes_images_of_any_size():
    model = resnet_cifar.resnet20(input_shape=(None, None, 3))
    assert [model.predict(pixels(1, side), verbose=0).shape for side in (32, 41)] == [(1, 10)] * 2


def test_no_classes_give_the_pooled_features():
    assert resnet_cifar.plain20(num_classes=0).output.shape == (None, 64)


def test_mixed_precision_ends_in_float32_and_keeps_bfloat16_between():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = resnet_cifar.resnet20()
    finally:
        keras.config.set_dtype_policy("float32")
    shortcut = model.get_layer("conv3_block1_shortcut")
    assert keras.backend.standardize_dtype(shortcut.output.dtype) == "bfloat16"
    assert model.predict(pixels(), verbose=0).dtype == np.float32


@pytest.mark.parametrize(
    "build", [resnet_cifar.resnet20, resnet_cifar.plain20, resnet_cifar.resnet20_v2]
)
def test_one_step_moves_every_weight(build):
    keras.utils.set_random_seed(0)
    model = build(input_shape=(16, 16, 3))
    adam = keras.optimizers.Adam(1e-3)
    model.compile(adam, "sparse_categorical_crossentropy", run_eagerly=True)
    before = [np.asarray(w) for w in model.trainable_weights]
    model.fit(pixels(8, 16), np.arange(8), batch_size=8, verbose=0)
    after = [np.asarray(w) for w in model.trainable_weights]
    assert min(np.abs(b - a).max() for a, b in zip(before, after, strict=True)) > 1e-5


def test_saving_and_loading_changes_no_output(tmp_path):
    model = resnet_cifar.resnet20(num_classes=2)
    dlkit.set_class_names(model, ["cat", "dog"])
    model.save(tmp_path / "m.keras")
    twin = dlkit.load_model(tmp_path / "m.keras")
    assert dlkit.class_names(twin) == ("cat", "dog")
    np.testing.assert_array_equal(
        twin.predict(pixels(), verbose=0), model.predict(pixels(), verbose=0)
    )


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (3, 32, 3)}, r"3×32 are too small.*minimum is 4×4"),
        ({"input_shape": (32, 32, None)}, "is not the shape of images"),
        ({"style": "troch"}, "no style 'troch'. Did you mean 'torch'"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
        ({"classifier_activation": "tanh"}, "no activation 'tanh'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        resnet_cifar.resnet20(**config)
    assert caught.value.fix
