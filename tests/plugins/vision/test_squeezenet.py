"""SqueezeNet: counts by hand, values by torchvision, what it refuses."""

import re

import keras
import numpy as np
import pytest
from dlkit_vision import squeezenet

import dlkit
from tests.plugins.vision import torchvision_oracle

NETWORKS = ("squeezenet1-0", "squeezenet1-1")
FIRES = {  # where torch has them
    "squeezenet1-0": (3, 4, 5, 7, 8, 9, 10, 12),
    "squeezenet1-1": (3, 4, 6, 7, 9, 10, 11, 12),
}


def by_hand(filters, window):
    count, channels = window * window * 3 * filters + filters, filters
    for squeezed, expanded in 2 * [(16, 64)] + 2 * [(32, 128)] + 2 * [(48, 192)] + 2 * [(64, 256)]:
        count += channels * squeezed + squeezed
        count += (1 + 3 * 3) * squeezed * expanded + 2 * expanded
        channels = 2 * expanded
    return count + 512 * 1000 + 1000


def small(name="squeezenet1-1", **config):
    return squeezenet.squeezenet(name, **{"input_shape": (32, 32, 3), "num_classes": 5, **config})


@pytest.mark.parametrize(
    "name, first, count", [(NETWORKS[0], (96, 7), 1248424), (NETWORKS[1], (64, 3), 1235496)]
)
def test_parameters_are_the_published(name, first, count):
    model = squeezenet.squeezenet(name)
    assert model.count_params() == by_hand(*first) == count
    assert model.name == name


@pytest.mark.parametrize(
    "name, shapes",
    [
        (
            "squeezenet1-0",
            {
                "conv1_act": (109, 109, 96),
                "pool1": (54, 54, 96),
                "fire4": (54, 54, 256),
                "pool4": (27, 27, 256),
                "fire8": (27, 27, 512),
                "pool8": (13, 13, 512),
                "fire9": (13, 13, 512),
                "conv10_act": (13, 13, 1000),
            },
        ),
        (
            "squeezenet1-1",
            {
                "conv1_act": (111, 111, 64),
                "pool1": (55, 55, 64),
                "fire3": (55, 55, 128),
                "fire5": (27, 27, 256),
                "fire9": (13, 13, 512),
            },
        ),
    ],
)
def test_the_stages_shapes(name, shapes):
    model = squeezenet.squeezenet(name)
    assert {place: model.get_layer(place).output.shape[1:] for place in shapes} == shapes


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_equal_torchvisions(name):
    def places(layer):
        if found := re.fullmatch(r"fire(\d)_(squeeze|expand)(\d?)_conv", layer):
            number, kind, side = found.groups()
            ending = f"{kind}{side}x{side}" if side else kind
            return f"features.{FIRES[name][int(number) - 2]}.{ending}"
        return {"conv1_conv": "features.0", "conv10_conv": "classifier.1"}[layer]

    model = small(
        name,
        num_classes=torchvision_oracle.CLASSES,
        input_shape=(*torchvision_oracle.ODD, 3),
        include_preprocessing=False,
        classifier_activation=None,
    )
    torchvision_oracle.load(model, places)
    theirs = name.replace("-", "_")
    expected = np.array(torchvision_oracle.ANSWERS[theirs])
    y = model(torchvision_oracle.images(theirs), training=False)
    assert np.abs(y - expected).max() < 1e-5 * np.abs(expected).max()


def test_a_fire_squeezes_then_expands_two_ways():
    model = small()
    inputs = model.get_layer("fire2").input
    assert [x._keras_history.operation.name for x in inputs] == [
        "fire2_expand1_act",
        "fire2_expand3_act",
    ]
    assert model.get_layer("fire2_expand3_conv").input.shape[-1] == 16


def test_classes_channels_sizes_and_features():
    model = small(input_shape=(None, None, 1), pooling="max", num_classes=3)
    for shape in ((2, 32, 32, 1), (1, 33, 70, 1)):
        p = model(np.full(shape, 100, "uint8"), training=False)
        assert p.shape == (shape[0], 3)
        np.testing.assert_allclose(np.sum(p, axis=1), 1.0, atol=1e-6)
    assert small(num_classes=0).output.shape == (None, 512)
    assert [layer.name for layer in small(num_classes=0).layers[-2:]] == ["fire9", "average_pool"]
    assert "dropout" not in [layer.name for layer in small(dropout=0.0).layers]


@pytest.mark.parametrize("name", NETWORKS)
def test_one_step_moves_every_weight(name):
    keras.utils.set_random_seed(0)
    model = small(name)
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    before = model.get_weights()
    images = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), dtype="uint8")
    model.fit(images, np.arange(16) % 5, batch_size=16, verbose=0)
    moved = [np.abs(b - a).max() for a, b in zip(before, model.get_weights(), strict=True)]
    assert min(moved) > 1e-5


def test_class_names_travel_with_it():
    model = small()
    dlkit.set_class_names(model, list("abcde"))
    assert dlkit.class_names(model) == tuple("abcde")


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
        ({"num_classes": -1}, "num_classes=-1"),
        ({"classifier_activation": "tanh"}, "no activation 'tanh'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        small(**config)
    assert caught.value.fix
