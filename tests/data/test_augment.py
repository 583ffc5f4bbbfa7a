import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import augment, splitmix
from dlkit.data.errors import DataError

NAMES = sorted(augment.AUGMENTATIONS)


def images(n=24, side=32, channels=3, dtype=np.uint8):
    return np.random.default_rng(1).integers(1, 256, (n, side, side, channels)).astype(dtype)


def seeds(n=24, seed=5):
    return splitmix.rows(seed, tf.range(n))


def windows(image, reach, mirror):
    """Every result that an augmentation may give, cut out of a padded copy by numpy."""
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)))
    side = image.shape[0]
    for top in range(2 * reach + 1):
        for left in range(2 * reach + 1):
            window = padded[top : top + side, left : left + side]
            yield (top - reach, left - reach, False), window
            if mirror:
                yield (top - reach, left - reach, True), window[:, ::-1]


@pytest.mark.parametrize(("name", "reach", "mirror"), [("shift", 2, False), ("crop-flip", 4, True)])
def test_each_result_is_one_window_of_the_padded_image(name, reach, mirror):
    batch = images()
    results = augment.find(name)(tf.constant(batch), seeds()).numpy()
    for image, result in zip(batch, results, strict=True):
        assert sum((window == result).all() for _, window in windows(image, reach, mirror)) == 1


@pytest.mark.parametrize(("name", "reach", "mirror"), [("shift", 2, False), ("crop-flip", 4, True)])
def test_every_move_occurs_and_about_equally_often(name, reach, mirror):
    n = 6_000
    image = images(1, channels=1)
    batch = tf.constant(np.repeat(image, n, axis=0))
    results = augment.find(name)(batch, seeds(n)).numpy()
    counts = {move: 0 for move, _ in windows(image[0], reach, mirror)}
    by_bytes = {window.tobytes(): move for move, window in windows(image[0], reach, mirror)}
    for result in results:
        counts[by_bytes[result.tobytes()]] += 1
    expected = n / len(counts)
    chi_squared = sum((count - expected) ** 2 / expected for count in counts.values())
    freedom = len(counts) - 1
    assert min(counts.values()) > 0
    assert chi_squared < freedom + 4 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_depends_on_its_own_image_and_seed_alone(name):
    batch, rows = images(), seeds()
    together = augment.find(name)(tf.constant(batch), rows).numpy()
    order = np.random.default_rng(2).permutation(len(batch))
    shuffled = augment.find(name)(tf.constant(batch[order]), tf.gather(rows, order)).numpy()
    alone = [
        augment.find(name)(tf.constant(batch[i : i + 1]), rows[i : i + 1]).numpy()[0]
        for i in range(len(batch))
    ]
    np.testing.assert_array_equal(together[order], shuffled)
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(8, 8, 1), (33, 20, 3)])
def test_shape_and_type_stay(name, dtype, shape):
    batch = np.ones((3, *shape), dtype)
    result = tf.function(augment.find(name))(tf.constant(batch), seeds(3))
    assert result.shape == batch.shape and result.dtype == dtype


def test_none_changes_nothing():
    batch = images()
    np.testing.assert_array_equal(augment.find("none")(tf.constant(batch), seeds()), batch)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(DataError, match=r"Did you mean 'crop-flip'\?") as caught:
        augment.find("cropflip")
    assert "none, shift, crop-flip" in str(caught.value)
    assert "--set augment=none" in caught.value.fix


def test_a_function_is_taken_as_it_is():
    assert augment.find(augment.shift) is augment.shift
