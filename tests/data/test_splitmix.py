import numpy as np
import tensorflow as tf

from dlkit.data import splitmix

# The first numbers of Vigna's reference implementation, splitmix64.c, for this seed.
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def test_numbers_are_the_published_ones():
    assert splitmix.numbers(1234567, tf.range(5)).numpy().tolist() == PUBLISHED


def test_a_position_gives_the_same_number_in_any_batch():
    assert splitmix.numbers(1234567, tf.constant([4, 1])).numpy().tolist() == [
        PUBLISHED[4],
        PUBLISHED[1],
    ]


def test_rows_hold_the_numbers_bit_for_bit():
    rows = splitmix.rows(1234567, tf.range(5))
    assert rows.shape == (5, 2) and rows.dtype == tf.int32
    assert tf.bitcast(rows, tf.uint64).numpy().tolist() == PUBLISHED


def test_integers_are_uniform_and_independent_between_draws():
    seeds = splitmix.rows(7, tf.range(50_000))
    first = splitmix.integers(seeds, 0, -2, 2).numpy()
    second = splitmix.integers(seeds, 1, -2, 2).numpy()
    table = np.zeros((5, 5))
    np.add.at(table, (first + 2, second + 2), 1)
    expected = 50_000 / 25
    chi_squared = ((table - expected) ** 2 / expected).sum()
    assert chi_squared < 51.2  # 24 degrees of freedom: exceeded by chance once in 1,000


def test_large_seeds_and_positions_wrap_as_64_bit_words():
    word = 2**64 - 1
    z = (word + (2**40 + 1) * splitmix.GAMMA) % 2**64
    for shift, factor in splitmix.MIX:
        z = (z ^ (z >> shift)) * factor % 2**64
    z ^= z >> splitmix.LAST_SHIFT
    got = splitmix.numbers(word, tf.constant([2**40], tf.int64)).numpy()
    assert int(got[0]) == z


def test_integers_may_have_bounds_of_their_own():
    seeds = splitmix.rows(7, tf.range(30_000))
    high = tf.constant([0, 1, 9] * 10_000)
    drawn = splitmix.integers(seeds, 0, -high, high).numpy().reshape(-1, 3)
    assert (drawn[:, 0] == 0).all()
    assert set(drawn[:, 1]) == {-1, 0, 1} and set(drawn[:, 2]) == set(range(-9, 10))
    same = splitmix.integers(seeds[2::3], 0, -9, 9)
    np.testing.assert_array_equal(drawn[:, 2], same)


def test_uniform_numbers_are_even_and_below_their_end():
    drawn = splitmix.uniform(splitmix.rows(3, tf.range(50_000)), 2, -1.0, 3.0).numpy()
    assert drawn.dtype == np.float32 and drawn.min() >= -1 and drawn.max() < 3
    counts = np.histogram(drawn, 20, (-1, 3))[0]
    assert ((counts - 2_500) ** 2 / 2_500).sum() < 43.8  # 19 degrees of freedom, one in 1,000


def test_noise_is_the_bytes_of_the_rows_numbers():
    seeds = splitmix.rows(5, tf.range(3))
    noise = splitmix.noise(seeds, 4, 13)
    assert noise.shape == (3, 13) and noise.dtype == tf.uint8
    words = [splitmix.numbers(tf.bitcast(seeds, tf.uint64), tf.constant(d)).numpy() for d in (4, 5)]
    expected = np.stack(words, 1).astype("<u8").view(np.uint8)[:, :13]
    np.testing.assert_array_equal(noise, expected)


def test_children_are_other_rows():
    seeds = splitmix.rows(5, tf.range(1_000))
    rows = [seeds, *(splitmix.child(seeds, number) for number in (0, 1, 2))]
    words = np.concatenate([tf.bitcast(r, tf.uint64).numpy() for r in rows])
    assert len(np.unique(words)) == 4_000
    one, other = (splitmix.integers(r, 0, 0, 1).numpy() for r in rows[:2])
    assert abs((one == other).mean() - 0.5) < 4 * 0.5 / np.sqrt(1_000)
