"""Crops: which part of the image is seen, and that it is enlarged as TensorFlow would."""

import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import augment, splitmix
from dlkit.data.augment import crops, sizes
from dlkit.data.errors import DataError

N, SIDE = 3_000, 64


def ramps(n, height, width):
    """Images that say where they are: each pixel holds its row and its column."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.broadcast_to(np.stack([rows, columns], -1), (n, height, width, 2)).astype(np.float32)


def seen(name, n=N, height=SIDE, width=SIDE):
    """Top, left, height and width of each crop, read off the ramps that it leaves."""
    images = augment.find(name)(tf.constant(ramps(n, height, width)), splitmix.rows(6, tf.range(n)))
    images = images.numpy()
    top, bottom = images[:, 0, 0, 0], images[:, -1, 0, 0]
    left, right = images[:, 0, 0, 1], images[:, 0, -1, 1]
    return top, left, bottom - top + 1, right - left + 1


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("name", ["resized-crop", "crop-256", "crop-256-512"])
def test_a_crop_is_enlarged_as_tensorflow_does(name, dtype):
    n, height, width = 12, 40, 33
    images = np.random.default_rng(2).integers(0, 256, (n, height, width, 3)).astype(dtype)
    seeds = splitmix.rows(6, tf.range(n))
    table = {
        "resized-crop": sizes.by_area(height, width, crops.AREA, crops.RATIO),
        "crop-256": np.array([(35, 29)]),
        "crop-256-512": np.rint([(224 / s * height, 224 / s * width) for s in range(256, 513)]),
    }[name].astype(int)
    size = table[splitmix.integers(seeds, 0, 0, len(table) - 1).numpy()]
    top = splitmix.integers(seeds, 1, 0, tf.constant(height - size[:, 0], tf.int32)).numpy()
    left = splitmix.integers(seeds, 2, 0, tf.constant(width - size[:, 1], tf.int32)).numpy()
    results = augment.find(name)(tf.constant(images), seeds).numpy()
    for image, result, (h, w), y, x in zip(images, results, size, top, left, strict=True):
        expected = tf.image.resize(image[y : y + h, x : x + w], (height, width)).numpy()
        np.testing.assert_allclose(result, expected, atol=0.51 if dtype == np.uint8 else 1e-3)
    assert results.dtype == dtype


def test_areas_and_aspects_are_the_papers():
    _, _, height, width = seen("resized-crop")
    area, ratio = height * width / SIDE**2, height / width
    assert 0.07 < area.min() < 0.1 and 0.95 < area.max() <= 1
    assert 0.7 < ratio.min() < 0.78 and 1.28 < ratio.max() < 1.42
    fits = (area > 0.1) & (area < 0.7)  # every aspect of these fits
    assert abs(np.log(ratio[fits]).mean()) < 4 * 0.17 / np.sqrt(fits.sum())
    assert area[fits].mean() == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("crop-256", 224 / 256, 224 / 256), ("crop-256-480", 224 / 480, 224 / 256)],
)
def test_the_share_of_the_side_is_the_papers(name, least, most):
    _, _, height, width = seen(name, n=600, height=256, width=64)
    assert (np.abs(height / 256 - width / 64) < 0.01).all()
    assert height.min() == pytest.approx(least * 256, abs=1)
    assert height.max() == pytest.approx(most * 256, abs=1)
    scale = 224 * 256 / height  # the side S that 224 pixels would be cut from: uniform
    assert scale.mean() == pytest.approx(112 / least + 112 / most, rel=0.02)


@pytest.mark.parametrize("name", ["resized-crop", "crop-256", "crop-256-512"])
def test_every_place_that_fits_is_equally_likely(name):
    top, left, height, width = seen(name)
    for first, size in ((top, height), (left, width)):
        free = SIDE - size + 1
        place = ((first + 0.5) / free)[free > 4]  # uniform in 0 … 1
        assert abs(place.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(place))
        assert first.min() >= -0.5 and (first + size).max() < SIDE + 0.5


def test_a_preset_is_what_it_stands_for():
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3)).astype(np.uint8))
    seeds = splitmix.rows(1, tf.range(9))
    for name, parts in augment.PRESETS.items():
        expected = augment.find(parts)(images, seeds)
        np.testing.assert_array_equal(augment.find(name)(images, seeds), expected)
        longer = augment.find(f"{parts}+erase")(images, seeds)
        np.testing.assert_array_equal(augment.find(f"{name}+erase")(images, seeds), longer)


def test_other_sides_can_be_named():
    images, seeds = tf.constant(ramps(4, 32, 32)), splitmix.rows(1, tf.range(4))
    expected = augment.scaled_crop(232, 300)(images, seeds)
    np.testing.assert_array_equal(augment.find("crop-232-300")(images, seeds), expected)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("crop-200", "goes from 224 or more to 2240 at most, not from 200 to 200"),
        ("crop-300-256", "not from 300 to 256"),
        ("crop-256-9999", "not from 256 to 9999"),
        ("crop-256-", "no augmentation 'crop-256-'. Did you mean 'crop-256"),
        ("alexnett", "Did you mean 'alexnet'"),
    ],
)
def test_wrong_names_are_refused(name, message):
    with pytest.raises(DataError) as caught:
        augment.find(name)
    assert message in str(caught.value)
