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
