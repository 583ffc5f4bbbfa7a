"""Random numbers as a function of (seed, position): no state, so any step can be reached at once.

SplitMix64 draws its n-th number by mixing `seed + (n + 1) · γ`; nothing is carried from one
number to the next. Each function works on whole batches with integer operations alone, so its
numbers are the same on every machine and in every version of TensorFlow.

Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014;
the mixing constants are Stafford's variant 13, as in Vigna's reference code.
"""

import tensorflow as tf

GAMMA = 0x9E3779B97F4A7C15  # 2⁶⁴ / the golden ratio, made odd
MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
LAST_SHIFT = 31


def numbers(seed: int | tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """The numbers at `positions` of the sequence that begins with `seed`.

    Args:
        seed: an integer, or a uint64 tensor that broadcasts against `positions`: a seed each.
        positions: (batch,) integers ≥ 0.

    Returns:
        (batch,) uint64, uniform over all 64 bits.

    Example:
        >>> numbers(1234567, tf.range(2)).numpy()
        array([6457827717110365317, 3203168211198807973], dtype=uint64)
    """
    if not tf.is_tensor(seed):
        seed = tf.constant(seed % 2**64, tf.uint64)
    z = seed + (tf.cast(positions, tf.uint64) + _word(1)) * _word(GAMMA)
    for shift, factor in MIX:
        z = _folded(z, shift) * _word(factor)
    return _folded(z, LAST_SHIFT)


def rows(seed: int, positions: tf.Tensor) -> tf.Tensor:
    """A seed row for each position: (batch, 2) int32, as `tf.random.stateless_*` take them."""
    return tf.bitcast(numbers(seed, positions), tf.int32)


def child(seeds: tf.Tensor, number: int) -> tf.Tensor:
    """Other seed rows for the same samples: what two augmentations draw from them is independent.

    Args:
        seeds: (batch, 2) int32 seed rows.
        number: which child, 0 …; its draws are not among the row's own first 2³².
    """
    return tf.bitcast(numbers(_as_words(seeds), tf.constant(2**32 + number, tf.int64)), tf.int32)


def integers(seeds: tf.Tensor, draw: int, low: int | tf.Tensor, high: int | tf.Tensor) -> tf.Tensor:
    """Draws one integer for each seed row, uniform over low … high, both included.

    Args:
        seeds: (batch, 2) int32 seed rows.
        draw: which of the row's numbers to take; two uses of one row take different ones.
        low: the smallest result, one for all or (batch,) int32.
        high: the largest result, likewise; at least `low`.

    Returns:
        (batch,) int32. The remainder of 64 bits is taken; for the ranges of pixels its bias is
        below 10⁻¹⁵.
    """
    words = numbers(_as_words(seeds), tf.constant(draw))
    span = high - low + 1
    span = tf.cast(span, tf.uint64) if tf.is_tensor(span) else _word(span)
    return low + tf.cast(tf.math.floormod(words, span), tf.int32)


def uniform(seeds: tf.Tensor, draw: int, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
    """Draws one number for each seed row, uniform over low … high.

    Args:
        seeds: (batch, 2) int32 seed rows.
        draw: which of the row's numbers to take.
        low: the smallest result.
        high: the end, which is reached by rounding at most.

    Returns:
        (batch,) float32, in 2²⁴ even steps.
    """
    steps = tf.cast(integers(seeds, draw, 0, 2**24 - 1), tf.float32)
    return low + (high - low) * (steps / 2**24)


def noise(seeds: tf.Tensor, draw: int, size: int) -> tf.Tensor:
    """Draws `size` bytes for each seed row, each of 0 … 255 equally likely.

    Args:
        seeds: (batch, 2) int32 seed rows.
        draw: the first of the row's numbers to take; ⌈size / 8⌉ are.
        size: bytes a row.

    Returns:
        (batch, size) uint8.
    """
    places = tf.range(draw, draw + -(-size // 8))
    words = numbers(_as_words(seeds)[:, tf.newaxis], places)  # (batch, ⌈size / 8⌉)
    return tf.reshape(tf.bitcast(words, tf.uint8), (-1, 8 * places.shape[0]))[:, :size]


def _as_words(seeds: tf.Tensor) -> tf.Tensor:
    return tf.bitcast(seeds, tf.uint64)


def _folded(z: tf.Tensor, shift: int) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _word(shift)))


def _word(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint64)
