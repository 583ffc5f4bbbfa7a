"""Mixup and cutmix: each sample of a batch takes a part of another one, and of its label.

Every draw is a function of the keys, so a batch is mixed alike whenever it is made. One λ serves
the whole batch, as in both papers' own code.
"""

import tensorflow as tf

from dlkit.data import splitmix

KEYS = 5  # rows that a batch's draws take: two for λ, the partners, the box, which of the two ways
SALT = 0x6D69786564  # keeps these draws apart from the stream's order and augmentation


def keys(seed: int, position: tf.Tensor) -> tf.Tensor:
    """The rows that a batch's draws are made from.

    Args:
        seed: the stream's.
        position: of the batch's first sample among all samples of the run, a scalar.

    Returns:
        (5, 2) int32.
    """
    return splitmix.rows(
        seed ^ SALT, tf.cast(position, tf.int64) * KEYS + tf.range(KEYS, dtype=tf.int64)
    )


def mix(
    images: tf.Tensor, targets: tf.Tensor, keys: tf.Tensor, mixup_alpha: float, cutmix_alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixes a batch by mixup, by cutmix, or in every other batch by either.

    Args:
        images: (batch, height, width, channels), uint8 or float32.
        targets: (batch, classes) float32, the share of each class.
        keys: from `keys`.
        mixup_alpha: λ ~ Beta(α, α) of mixup; 0 leaves it out.
        cutmix_alpha: that of cutmix; 0 leaves it out.

    Returns:
        The images, float32 where there is mixup, and the targets.
    """
    if mixup_alpha:
        images = tf.cast(images, tf.float32)  # mixed values are no whole numbers
    if mixup_alpha and cutmix_alpha:
        return tf.cond(
            splitmix.integers(keys[4:], 0, 0, 1)[0] == 0,
            lambda: mixup(images, targets, keys, mixup_alpha),
            lambda: cutmix(images, targets, keys, cutmix_alpha),
        )
    if mixup_alpha:
        return mixup(images, targets, keys, mixup_alpha)
    return cutmix(images, targets, keys, cutmix_alpha)


def mixup(
    images: tf.Tensor, targets: tf.Tensor, keys: tf.Tensor, alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixes: x̃ = λ·x + (1 - λ)·x', ỹ = λ·y + (1 - λ)·y', with λ ~ Beta(α, α).

    Source: Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018, section 2.
    """
    share, other = beta(alpha, keys), partners(keys, tf.shape(images)[0])
    return (
        share * images + (1 - share) * tf.gather(images, other),
        share * targets + (1 - share) * tf.gather(targets, other),
    )


def cutmix(
    images: tf.Tensor, targets: tf.Tensor, keys: tf.Tensor, alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Pastes a box of x' into x; ỹ = λ·y + (1 - λ)·y', with 1 - λ the box's share of the pixels.

    The box has the image's proportions and a centre that is uniform over the image; what of it lies
    outside is cut off. Its share before that is 1 - λ with λ ~ Beta(α, α).

    Source: Yun et al., "CutMix: regularization strategy to train strong classifiers with
    localizable features", ICCV 2019, section 3.1.
    """
    height, width = images.shape[1:3]
    side = tf.sqrt(1 - beta(alpha, keys))  # the box's share of each side
    rows = _cut(height, side, splitmix.integers(keys[3:4], 0, 0, height - 1)[0])
    columns = _cut(width, side, splitmix.integers(keys[3:4], 1, 0, width - 1)[0])
    inside = rows[:, tf.newaxis] & columns  # (height, width)
    share = 1 - tf.reduce_mean(tf.cast(inside, tf.float32))
    other = partners(keys, tf.shape(images)[0])
    return (
        tf.where(inside[:, :, tf.newaxis], tf.gather(images, other), images),
        share * targets + (1 - share) * tf.gather(targets, other),
    )


def beta(alpha: float, keys: tf.Tensor) -> tf.Tensor:
    """Draws λ ~ Beta(α, α), a float32 scalar.

    λ = g / (g + g') for two Gamma(α) draws; of a small α both are often 0 in any precision. So
    log g = log Gamma(α + 1) + log(u) / α is drawn (Marsaglia & Tsang, "A simple method for
    generating gamma variables", 2000, section 6), and λ = σ(log g - log g').
    """
    gamma = tf.random.stateless_gamma((2,), seed=keys[0], alpha=alpha + 1.0, dtype=tf.float64)
    u = 1 - tf.random.stateless_uniform((2,), seed=keys[1], dtype=tf.float64)  # 0 < u ≤ 1
    logs = tf.math.log(gamma) + tf.math.log(u) / alpha
    return tf.cast(tf.sigmoid(logs[0] - logs[1]), tf.float32)


def partners(keys: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
    """Whom each sample is mixed with: a permutation of the batch, (batch,) int32."""
    return tf.random.experimental.stateless_shuffle(tf.range(batch), seed=keys[2], alg="philox")


def _cut(side: int, share: tf.Tensor, centre: tf.Tensor) -> tf.Tensor:
    """Which of 0 … side - 1 lie within the box; (side,) bool."""
    half = tf.cast(share * side, tf.int32) // 2
    place = tf.range(side)
    return (place >= centre - half) & (place < centre + half)
