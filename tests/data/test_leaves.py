"""The drawn leaves: what a picture depends on, and how hard they are to tell apart."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import dlkit
from dlkit.data.errors import DataError
from dlkit.data.leaves import outline
from dlkit.data.leaves.dataset import leaves
from dlkit.data.leaves.species import SPECIES


@pytest.fixture(scope="module")
def source():
    return leaves(image_size=32, per_class=60)


def test_sizes_spec_and_names(source):
    assert {name: len(rows) for name, rows in source.splits.items()} == {
        "train": 432,
        "val": 108,
        "test": 180,
    }
    assert source.image_shape == (32, 32, 3) and source.class_names == tuple(SPECIES)
    assert len(SPECIES) == 12
    for rows in source.splits.values():
        assert len(set(np.bincount(source.labels[rows], minlength=12))) == 1


def test_the_manifest_says_what_comes():
    entry = dlkit.registry.find("dataset", "leaves")
    assert entry.splits == {"train": 2160, "val": 540, "test": 900}
    assert sum(entry.splits.values()) == 12 * 300  # the default per_class
    assert entry.input_shape == (64, 64, 3) and entry.num_classes == len(SPECIES)


def test_a_picture_is_the_same_whatever_else_is_drawn(source):
    """Its class and number decide, and its split goes with it."""
    few = leaves(image_size=32, per_class=60, classes=["oak", "ash"])
    assert few.class_names == ("oak", "ash")
    for split in ("train", "val", "test"):
        images, labels = few.arrays(split)
        every, names = source.arrays(split)
        for label, name in enumerate(few.class_names):
            expected = every[names == source.class_names.index(name)]
            np.testing.assert_array_equal(images[labels == label], expected)
    again = leaves(image_size=32, per_class=60, classes=["oak", "ash"])
    assert again.fingerprint == few.fingerprint != source.fingerprint
    other = leaves(image_size=32, per_class=60, classes=["oak", "ash"], picture_seed=1)
    assert (other.arrays("val")[0] != few.arrays("val")[0]).any()


def test_no_two_pictures_are_alike(source):
    images = source.arrays("train")[0]
    assert len({image.tobytes() for image in images}) == len(images)


def test_a_scene_is_the_same_at_every_size():
    small, large = (
        leaves(image_size=side, per_class=4, classes=["maple", "willow"]).arrays("train")[0]
        for side in (16, 64)
    )
    shrunk = large.reshape(-1, 16, 4, 16, 4, 3).mean((2, 4))
    for one, other in zip(shrunk, small.astype(float), strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8


@pytest.mark.parametrize("name", SPECIES)
def test_a_leaf_is_centred_and_of_size_1(name):
    for seed in range(5):
        leaf = outline.leaf(SPECIES[name], np.random.default_rng(seed))
        assert np.linalg.norm(leaf.blades, axis=-1).max() == pytest.approx(1)
        low, high = leaf.blades.min((0, 1)), leaf.blades.max((0, 1))
        np.testing.assert_allclose(low + high, 0, atol=1e-9)


def test_neither_colours_nor_single_pixels_tell_them_apart(source):
    """By chance 1 of 12; a convolutional network of 4 layers learns three quarters of them."""
    (images, labels), (unseen, truth) = source.arrays("train"), source.arrays("test")
    flat, other = (x.reshape(len(x), -1) / 255 for x in (images, unseen))
    assert KNeighborsClassifier(3).fit(flat, labels).score(other, truth) < 0.25

    def histograms(batch):
        each = [np.histogramdd(x.reshape(-1, 3), 4, [(0, 256)] * 3)[0].ravel() for x in batch]
        return np.sqrt(np.array(each) / 32)

    model = LogisticRegression(max_iter=300).fit(histograms(images), labels)
    assert model.score(histograms(unseen), truth) < 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ["oak", "mapel"]}, "there is no leaf of 'mapel'. Did you mean 'maple'?"),
        ({"classes": ["oak"]}, "two or more kinds, each named once, not oak."),
        ({"classes": "oak"}, "not oak."),
        ({"classes": ["oak", "oak"]}, "each named once, not oak, oak."),
        ({"classes": 4}, "classes are names of leaves, not 4"),
        ({"per_class": 3}, "per_class is a whole number from 4 on, not 3"),
        ({"picture_seed": 0.5}, "picture_seed is a whole number from 0 on, not 0.5"),
        ({"image_size": 4}, "image_size is 4"),
        ({"val_share": 0.5, "test_share": 0.5}, "leave nothing to train on"),
        ({"data": "pets"}, "leaves are drawn and take no folder; got 'pets'"),
    ],
)
def test_options_that_cannot_be_right(options, message):
    with pytest.raises(DataError) as caught:
        leaves(**options)
    assert message in str(caught.value)
