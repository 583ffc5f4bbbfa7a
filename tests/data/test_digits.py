import numpy as np
import pytest
from sklearn.datasets import load_digits

from dlkit.data.digits import digits
from dlkit.data.errors import DataError


@pytest.fixture(scope="module")
def source():
    return digits()


def test_sizes_spec_and_names(source):
    assert {name: len(rows) for name, rows in source.splits.items()} == {
        "train": 1077,
        "val": 270,
        "test": 450,
    }
    assert source.size == 1797 and source.image_shape == (32, 32, 1)
    assert source.class_names == tuple("0123456789") and source.notes == ()


def test_every_split_has_the_classes_in_proportion(source):
    whole = np.bincount(load_digits().target) / 1797
    for rows in source.splits.values():
        held = np.bincount(source.labels[rows])
        assert np.abs(held - whole * len(rows)).max() <= 1


def test_at_8_pixels_the_images_are_the_original_ones():
    original = load_digits()
    images, labels = digits(image_size=8).arrays("test")
    rows = digits(image_size=8).splits["test"]
    np.testing.assert_array_equal(np.rint(original.images[rows] * 255 / 16), images[..., 0])
    np.testing.assert_array_equal(original.target[rows], labels)


def test_enlarged_images_keep_their_ink(source):
    small, _ = digits(image_size=8).arrays("val")
    large, _ = source.arrays("val")
    assert large.dtype == np.uint8
    means = small.mean((1, 2, 3)), large.mean((1, 2, 3))
    np.testing.assert_allclose(*means, rtol=0.1)
    assert large.max() > 230


def test_the_fingerprint_is_fixed_and_says_nothing_of_the_size(source):
    assert source.fingerprint == digits(image_size=8).fingerprint
    assert source.fingerprint.startswith("874d0c5422b9")  # moves only if data or split change


def test_options_that_cannot_be_right():
    with pytest.raises(DataError, match="digits is built in and takes no folder") as caught:
        digits(data="pets")
    assert "--dataset image-folder" in caught.value.fix
    for wrong in (0, -3, 5000, 7):
        with pytest.raises(DataError, match=f"image_size is {wrong}; it lies between 8 and 4096"):
            digits(image_size=wrong)
    for wrong in (32.0, "32", True):
        with pytest.raises(DataError, match="whole number of pixels"):
            digits(image_size=wrong)
