"""Random erasing: where the rectangles lie, how large they are, what is in them."""

import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import augment, splitmix

N, HEIGHT, WIDTH = 4_000, 32, 24


@pytest.fixture(scope="module")
def rectangles():
    """Heights, widths, tops, lefts of those that were erased, and what is in them."""
    images = np.full((N, HEIGHT, WIDTH, 3), 1000.0, np.float32)  # no noise has this value
    erased = augment.erase(tf.constant(images), splitmix.rows(4, tf.range(N))).numpy()
    changed = (erased != 1000).all(-1)
    assert (changed == (erased != 1000).any(-1)).all()
    found = []
    for mask in changed[changed.any((1, 2))]:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert mask.sum() == height * width  # a whole rectangle
        found.append((height, width, rows[0], columns[0]))
    return np.array(found).T, erased[erased != 1000]


def test_half_of_the_images_are_erased(rectangles):
    share = rectangles[0].shape[1] / N
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(N)


def test_areas_and_ratios_are_the_papers(rectangles):
    height, width = rectangles[0][:2]
    area, ratio = height * width / (HEIGHT * WIDTH), height / width
    assert area.min() > 0.012 and area.max() < 0.43  # whole pixels, so not quite 2 and 40 %
    assert ratio.min() > 0.2 and ratio.max() < 4.5
    fits = (area > 0.03) & (area < 0.2)  # all ratios of these fit
    assert abs(np.log(ratio[fits]).mean()) < 4 * 0.7 / np.sqrt(fits.sum())
    assert area[fits].mean() == pytest.approx(0.115, abs=0.006)


def test_every_place_that_fits_is_equally_likely(rectangles):
    height, width, top, left = rectangles[0]
    for first, size, side in ((top, height, HEIGHT), (left, width, WIDTH)):
        place = (first + 0.5) / (side - size + 1)  # uniform in 0 … 1
        assert abs(place.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(place))
        assert first.min() == 0 and (first + size).max() == side


def test_the_noise_is_uniform(rectangles):
    noise = rectangles[1].astype(int)
    counts = np.bincount(noise, minlength=256)
    assert len(counts) == 256
    expected = len(noise) / 256
    assert ((counts - expected) ** 2 / expected).sum() < 331  # 255 degrees of freedom, 1 in 1,000
