import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import augment, splitmix
from dlkit.data.errors import DataError

NAMES = sorted(augment.AUGMENTATIONS)
COMPOSED = [*NAMES, "crop-flip+randaugment-n3-m14+color-jitter+erase"]


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


def test_flip_mirrors_half_of_the_images():
    batch = images(2_000, side=8)
    results = augment.find("flip")(tf.constant(batch), seeds(2_000)).numpy()
    mirrored = (results == batch[:, :, ::-1]).all((1, 2, 3))
    assert (mirrored | (results == batch).all((1, 2, 3))).all()
    assert abs(mirrored.mean() - 0.5) < 4 * 0.5 / np.sqrt(2_000)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("name", COMPOSED)
def test_a_sample_depends_on_its_own_image_and_seed_alone(name, dtype):
    """It is cut into batches of one, and of sizes that vector instructions do not divide."""
    batch, rows = images(dtype=dtype), seeds()
    together = augment.find(name)(tf.constant(batch), rows).numpy()
    order = np.random.default_rng(2).permutation(len(batch))
    shuffled = augment.find(name)(tf.constant(batch[order]), tf.gather(rows, order)).numpy()
    alone = [
        augment.find(name)(tf.constant(batch[i : i + 1]), rows[i : i + 1]).numpy()[0]
        for i in range(len(batch))
    ]
    np.testing.assert_array_equal(together[order], shuffled)
    np.testing.assert_array_equal(together, alone)
    cut = [
        augment.find(name)(tf.constant(batch[i : i + 7]), rows[i : i + 7]).numpy()
        for i in range(0, len(batch), 7)
    ]
    np.testing.assert_array_equal(together, np.concatenate(cut))


@pytest.mark.parametrize("name", COMPOSED)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(8, 8, 1), (33, 20, 3)])
def test_shape_and_type_stay(name, dtype, shape):
    """Inside tf.data, where the batch's size is not known, down to no image at all."""
    spec = [tf.TensorSpec((None, *shape), dtype), tf.TensorSpec((None, 2), tf.int32)]
    function = tf.function(augment.find(name), input_signature=spec)
    for n in (3, 0):
        batch = np.full((n, *shape), 200, dtype)
        result = function(tf.constant(batch), seeds(n))
        assert result.shape == batch.shape and result.dtype == dtype
        assert n == 0 or 0 <= result.numpy().min() <= result.numpy().max() <= 255
    assert function.get_concrete_function().output_shapes[1:] == shape


def test_none_changes_nothing():
    batch = images()
    np.testing.assert_array_equal(augment.find("none")(tf.constant(batch), seeds()), batch)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(DataError, match=r"Did you mean 'crop-flip'\?") as caught:
        augment.find("cropflip")
    assert "none, shift, flip, crop-flip" in str(caught.value)
    assert "--set augment=none" in caught.value.fix


def test_a_function_is_taken_as_it_is():
    assert augment.find(augment.shift) is augment.shift


def test_names_are_joined_in_their_order_and_draw_apart():
    batch, rows = tf.constant(images()), seeds()
    joined = augment.find("flip+shift")(batch, rows)
    second = splitmix.child(rows, 1)
    np.testing.assert_array_equal(joined, augment.shift(augment.flip(batch, rows), second))
    twice = augment.find("flip+flip")(batch, rows).numpy()  # the same coin would undo each flip
    assert (twice != batch.numpy()).any((1, 2, 3)).sum() not in (0, len(twice))
    with pytest.raises(DataError, match=r"no augmentation 'shfit'. Did you mean 'shift'\?"):
        augment.find("flip+shfit")
    with pytest.raises(DataError, match="no augmentation ''"):
        augment.find("flip+")
