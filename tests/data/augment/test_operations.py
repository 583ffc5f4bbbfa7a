"""RandAugment's operations against Pillow's, and the draw of them."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps
from sklearn.datasets import load_sample_image

from dlkit.data import augment, splitmix
from dlkit.data.augment import randaugment
from dlkit.data.errors import DataError

SIDE = 40


@pytest.fixture(scope="module")
def photographs():
    """Crops of two photographs, one of them dark and flat, noise, and one colour all over."""
    china, flower = (load_sample_image(name) for name in ("china.jpg", "flower.jpg"))
    rng = np.random.default_rng(0)
    crops = [
        china[100 : 100 + SIDE, 200 : 200 + SIDE],
        flower[150 : 150 + SIDE, 300 : 300 + SIDE],
        china[200 : 200 + SIDE, 60 : 60 + SIDE] // 4 + 60,
        rng.integers(0, 256, (SIDE, SIDE, 3)),
        np.full((SIDE, SIDE, 3), 77),
    ]
    return np.stack(crops).astype(np.uint8)


def applied(name, images, sign, magnitude):
    operation, limit = randaugment.OPERATIONS[name]
    signs = tf.fill([len(images)], float(sign))
    return operation(tf.constant(images), signs, limit * magnitude / 10).numpy()


def by_pillow(change, images):
    """What Pillow does to each image; grey ones have one channel."""
    grey = images.shape[-1] == 1
    pictures = [Image.fromarray(image[..., 0] if grey else image) for image in images]
    return np.stack([np.array(change(p)).reshape(images.shape[1:]) for p in pictures])


FACTORS = {
    "color": ImageEnhance.Color,
    "contrast": ImageEnhance.Contrast,
    "brightness": ImageEnhance.Brightness,
    "sharpness": ImageEnhance.Sharpness,
}


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("magnitude", [0, 5, 9, 14])
@pytest.mark.parametrize("channels", [1, 3])
def test_factors_are_pillows_to_the_bit(photographs, name, sign, magnitude, channels):
    images = photographs[..., :channels]
    factor = max(0.1, float(np.float32(1) + np.float32(sign) * np.float32(0.09 * magnitude)))
    expected = by_pillow(lambda picture: FACTORS[name](picture).enhance(factor), images)
    np.testing.assert_array_equal(applied(name, images, sign, magnitude), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_histograms_are_pillows_to_the_bit(photographs, channels):
    images = photographs[..., :channels]
    for name, change in (("equalize", ImageOps.equalize), ("auto-contrast", ImageOps.autocontrast)):
        np.testing.assert_array_equal(applied(name, images, 1, 9), by_pillow(change, images))


@pytest.mark.parametrize(("magnitude", "bits", "threshold"), [(0, 8, 256), (5, 6, 128), (9, 5, 26)])
def test_posterize_and_solarize_are_pillows(photographs, magnitude, bits, threshold):
    expected = by_pillow(lambda picture: ImageOps.posterize(picture, bits), photographs)
    np.testing.assert_array_equal(applied("posterize", photographs, 1, magnitude), expected)
    expected = by_pillow(lambda picture: ImageOps.solarize(picture, threshold), photographs)
    np.testing.assert_array_equal(applied("solarize", photographs, 1, magnitude), expected)


@pytest.mark.parametrize("sign", [1, -1])
def test_rotation_is_pillows_but_for_ties(photographs, sign):
    """Pillow, too, takes the nearest pixel; where two are as near, the two differ."""
    expected = by_pillow(
        lambda picture: picture.rotate(sign * 27, fillcolor=(128,) * 3), photographs[:4]
    )
    got = applied("rotate", photographs[:4], sign, 9)
    assert (got != expected).any(-1).mean() < 0.01


def test_a_quarter_turn_is_numpys(photographs):
    np.testing.assert_array_equal(
        applied("rotate", photographs, 1, 30), np.rot90(photographs, axes=(1, 2))
    )


@pytest.mark.parametrize(("name", "axis"), [("translate-x", 2), ("translate-y", 1)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_move_is_a_roll_with_grey_behind_it(photographs, name, axis, sign):
    pixels = round(150 / 331 * 0.9 * SIDE)
    expected = np.roll(photographs, sign * pixels, axis)
    behind = slice(0, pixels) if sign > 0 else slice(SIDE - pixels, None)
    expected[(slice(None),) * axis + (behind,)] = 128
    np.testing.assert_array_equal(applied(name, photographs, sign, 9), expected)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_shear_moves_rows_by_their_distance_from_the_middle(photographs, sign):
    image = photographs[0]
    moved = applied("shear-x", photographs[:1], sign, 9)[0]
    for row in range(SIDE):
        distance = sign * 0.27 * (row - (SIDE - 1) / 2)
        if abs(distance % 1 - 0.5) > 1e-3:  # no tie
            x = np.floor(np.arange(SIDE) + distance + 0.5).astype(int)
            inside = (x >= 0) & (x < SIDE)
            expected = np.where(inside[:, None], image[row, np.clip(x, 0, SIDE - 1)], 128)
            np.testing.assert_array_equal(moved[row], expected)
    turned = photographs.transpose(0, 2, 1, 3)
    np.testing.assert_array_equal(
        applied("shear-y", photographs, sign, 9),
        applied("shear-x", turned, sign, 9).transpose(0, 2, 1, 3),
    )


def test_at_magnitude_0_only_the_histograms_change(photographs):
    for name in randaugment.OPERATIONS:
        if name not in ("equalize", "auto-contrast"):
            np.testing.assert_array_equal(applied(name, photographs, -1, 0), photographs)


def test_each_operation_is_drawn_as_often_in_each_place(monkeypatch):
    """Operations that write their number: two digits of base 14, each pair equally likely."""
    count = len(randaugment.OPERATIONS)

    def writes(number):
        return lambda images, sign, _: images * count + number + 0 * tf.cast(sign[0], tf.uint8)

    table = {str(number): (writes(number), 0) for number in range(count)}
    monkeypatch.setattr(randaugment, "OPERATIONS", table)
    n = 196 * 60
    seeds = splitmix.rows(8, tf.range(n))
    drawn = randaugment.rand_augment(2, 9)(tf.zeros((n, 1, 1, 1), tf.uint8), seeds).numpy().ravel()
    counts = np.bincount(drawn, minlength=count**2)
    assert len(counts) == count**2
    assert ((counts - 60) ** 2 / 60).sum() < 264  # 195 degrees of freedom, one in 1,000


def test_operations_and_magnitude_can_be_named(photographs):
    images, seeds = tf.constant(photographs), splitmix.rows(1, tf.range(5))
    for name, own in {
        "randaugment": (2, 9),
        "randaugment-n3": (3, 9),
        "randaugment-m5": (2, 5),
        "randaugment-n1-m14": (1, 14),
    }.items():
        expected = augment.rand_augment(*own)(images, seeds)
        np.testing.assert_array_equal(augment.find(name)(images, seeds), expected)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("randaugment-n0", "operations is a whole number in 1 … 30, not 0"),
        ("randaugment-m31", "magnitude is a whole number in 0 … 30, not 31"),
        ("randaugment-9", "no augmentation 'randaugment-9'. Did you mean 'randaugment'"),
    ],
)
def test_wrong_numbers_are_refused(name, message):
    with pytest.raises(DataError) as caught:
        augment.find(name)
    assert message in str(caught.value)
    with pytest.raises(DataError, match=r"not 2\.5"):
        augment.rand_augment(magnitude=2.5)


def test_four_channels_are_refused():
    with pytest.raises(DataError, match="grey and RGB images, not 4 channels"):
        augment.color_jitter(tf.zeros((1, 8, 8, 4)), splitmix.rows(0, tf.range(1)))
