"""Mixup and cutmix: what is mixed, by how much, and that it can be sought."""

import dataclasses

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from dlkit.data import DataError, from_arrays
from dlkit.tasks import categorical
from dlkit.train import mixing
from dlkit.train.stream import Stream

N, CLASSES, SIDE = 45, 5, 12


@pytest.fixture(scope="module")
def source():
    """Images that tell their label: of one value all over, 10 times the label, plus 1."""
    labels = np.arange(60) % CLASSES
    images = np.broadcast_to((10 * labels + 1)[:, None, None, None], (60, SIDE, SIDE, 1))
    splits = {"train": np.arange(60)[::-1][:N].copy(), "val": np.arange(15)}
    return from_arrays("marked", images.astype(np.uint8), labels, splits, "abcde")


def stream(source, **options):
    return Stream(source, "train", **{"batch_size": 10, "seed": 4, **options})


def run(stream, **options):
    return list(stream.dataset(**options).as_numpy_iterator())


def lambdas(alpha, n=4_000, seed=0):
    draw = tf.function(lambda position: mixing.beta(alpha, mixing.keys(seed, position)))
    return np.array([float(draw(tf.constant(i, tf.int64))) for i in range(n)])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_lambda_is_beta_distributed(alpha):
    drawn = lambdas(alpha)
    assert scipy.stats.kstest(drawn, scipy.stats.beta(alpha, alpha).cdf).pvalue > 1e-3


def test_lambda_of_a_tiny_alpha_is_0_or_1_and_never_no_number():
    drawn = lambdas(1e-3, n=500)
    assert np.isfinite(drawn).all() and ((drawn < 0.01) | (drawn > 0.99)).mean() > 0.95
    assert 0.4 < drawn.mean() < 0.6


def test_partners_are_permutations_and_differ_by_batch():
    found = [mixing.partners(mixing.keys(1, tf.constant(i)), 8).numpy() for i in (0, 8, 16)]
    assert all(sorted(order) == list(range(8)) for order in found)
    assert len({tuple(order) for order in found}) == 3


def test_the_draws_of_a_seed_are_the_ones_of_old():
    """A run that was begun with an older dlkit goes on with the same batches."""
    keys = mixing.keys(3, tf.constant(128, tf.int64))
    assert mixing.partners(keys, 6).numpy().tolist() == [2, 1, 4, 0, 5, 3]
    assert float(mixing.beta(0.4, keys)) == pytest.approx(0.06274161, rel=1e-5)


def test_mixup_mixes_images_and_labels_by_the_same_share(source):
    plain = run(stream(source), epochs=2)
    mixed = run(stream(source, mixup=1.0), epochs=2)
    shares = []
    for (images, targets), (_, labels) in zip(mixed, plain, strict=True):
        assert images.dtype == targets.dtype == np.float32
        assert targets.shape == (len(labels), CLASSES)
        np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-6)
        expected = targets @ (10 * np.arange(CLASSES) + 1)
        np.testing.assert_allclose(images[:, 0, 0, 0], expected, rtol=1e-5)
        assert np.ptp(images, axis=(1, 2, 3)).max() == 0
        own = targets[np.arange(len(labels)), labels]
        unlike = own < 1
        shares.append(own[unlike].mean())
        np.testing.assert_allclose(own[unlike], own[unlike][0], rtol=1e-5)  # one λ a batch
    assert len({round(float(share), 4) for share in shares}) == len(shares)


def test_cutmix_pastes_one_box_whose_share_is_the_labels(source):
    plain = run(stream(source), epochs=4)
    mixed = run(stream(source, cutmix=1.0), epochs=4)
    boxes = 0
    for (images, targets), (_, labels) in zip(mixed, plain, strict=True):
        assert images.dtype == np.uint8
        for image, target, label in zip(images[..., 0], targets, labels, strict=True):
            foreign = image != 10 * label + 1
            assert target[label] == pytest.approx(1 - foreign.mean(), abs=1e-6)
            if foreign.any():
                boxes += 1
                rows, columns = np.flatnonzero(foreign.any(1)), np.flatnonzero(foreign.any(0))
                assert foreign.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
                other = (image[foreign][0] - 1) // 10
                assert target[other] == pytest.approx(foreign.mean(), abs=1e-6)
    assert boxes > 60


def test_boxes_lie_everywhere_and_are_as_large_as_lambda_says():
    """The share before anything is cut off is 1 - λ, uniform for α = 1."""

    @tf.function
    def one(position):
        images = tf.cast(tf.stack([tf.zeros((50, 40, 1)), tf.ones((50, 40, 1))]), tf.uint8)
        keys = mixing.keys(2, position)
        mixed, targets = mixing.cutmix(images, tf.eye(2), keys, 1.0)
        return mixed[0, :, :, 0] == 1, targets[0, 0], mixing.beta(1.0, keys)

    found = [one(tf.constant(i, tf.int64)) for i in range(1_500)]
    masks = np.array([mask for mask, *_ in found])
    own, share = np.array([(o, s) for _, o, s in found]).T
    pasted = masks.any((1, 2))
    np.testing.assert_allclose(own[pasted], 1 - masks[pasted].mean((1, 2)), atol=1e-6)
    assert (own[pasted] >= share[pasted] - 1e-6).all()  # cut off makes a box smaller
    inside = pasted & ~(masks[:, 0].any(1) | masks[:, -1].any(1))
    inside &= ~(masks[:, :, 0].any(1) | masks[:, :, -1].any(1))
    assert inside.sum() > 100
    assert np.abs(own - share)[inside].max() < 0.1  # whole pixels
    covered = masks.mean(0)
    assert covered.min() > 0.05 and abs(covered[:, :20].mean() - covered[:, 20:].mean()) < 0.03


def test_both_take_turns_at_random(source):
    both = run(stream(source, mixup=1.0, cutmix=1.0, batch_size=15), epochs=20)
    cut = [np.ptp(images, axis=(1, 2, 3)).max() > 0 for images, _ in both]
    assert {images.dtype for images, _ in both} == {np.dtype(np.float32)}
    assert 15 < sum(cut) < 45


def test_smoothing_alone_keeps_the_images_and_spreads_the_labels(source):
    plain, smooth = run(stream(source)), run(stream(source, label_smoothing=0.1))
    for (images, labels), (same, targets) in zip(plain, smooth, strict=True):
        np.testing.assert_array_equal(images, same)
        expected = 0.9 * np.eye(CLASSES)[labels] + 0.1 / CLASSES
        np.testing.assert_allclose(targets, expected, rtol=1e-6)


WAYS = [
    {"mixup": 0.4},
    {"cutmix": 1.0},
    {"mixup": 0.2, "cutmix": 1.0, "label_smoothing": 0.1, "class_weight": {0: 3.0}},
    {"label_smoothing": 0.1},
    {"augment": "crop-flip+randaugment+color-jitter+erase"},
]


@pytest.mark.parametrize("options", WAYS)
def test_any_step_can_be_sought_and_gives_the_same_batches(source, options):
    data = stream(source, **options)
    whole = run(data, epochs=3)
    for step in (1, 5, 9):
        sought = run(data, start_step=step, epochs=3)
        assert len(sought) == 15 - step
        for one, other in zip(whole[step:], sought, strict=True):
            for part, same in zip(one, other, strict=True):
                np.testing.assert_array_equal(part, same)
    limited = run(stream(source, limit_batches=2, **options), epochs=2)
    for one, other in zip(whole[0:2] + whole[5:7], limited, strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_the_spec_says_what_comes(source):
    spec = stream(source, mixup=0.2, class_weight={}).element_spec
    assert spec[0] == tf.TensorSpec((None, SIDE, SIDE, 1), tf.float32)
    assert spec[1] == tf.TensorSpec((None, CLASSES), tf.float32)
    assert spec[2] == tf.TensorSpec((None,), tf.float32)


def test_a_mixed_sample_weighs_what_its_classes_do(source):
    weights = np.array([2, 1, 0.5, 1, 4], np.float32)
    options = {"mixup": 1.0, "label_smoothing": 0.1, "class_weight": dict(enumerate(weights))}
    for _, targets, given in run(stream(source, **options)):
        shares = (targets - 0.1 / CLASSES) / 0.9
        np.testing.assert_allclose(given, shares @ weights, rtol=1e-4)


def test_weights_count_each_class_in_the_loss(source):
    """A class of weight 0 teaches nothing, mixed or not: its own samples are gone from the loss."""
    options = {"cutmix": 1.0, "class_weight": {label: float(label > 2) for label in range(CLASSES)}}
    loss = categorical.CrossEntropy()
    for _, targets, weights in run(stream(source, **options)):
        p = np.full((len(targets), CLASSES), 1 / CLASSES, np.float32)
        found = float(loss(targets, p, sample_weight=weights))
        assert found == pytest.approx(
            np.log(CLASSES) * targets[:, 3:].sum() / len(targets), rel=1e-5
        )


def test_it_trains_on_shares_and_validates_on_labels(source):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Rescaling(1 / 50), keras.layers.Flatten()]
    head = keras.layers.Dense(CLASSES, activation="softmax")
    model = keras.Sequential([keras.Input((SIDE, SIDE, 1)), *layers, head])
    chosen = {"loss": categorical.CrossEntropy(), "metrics": categorical.metrics(CLASSES)}
    model.compile(keras.optimizers.Adam(0.01), **chosen)
    data = stream(source, mixup=0.2, cutmix=1.0, label_smoothing=0.1)
    val = Stream(source, "val", batch_size=10, shuffle=False).dataset()
    history = model.fit(
        data.dataset(epochs=12), epochs=12, steps_per_epoch=data.steps_per_epoch,
        validation_data=val, shuffle=False, verbose=0,
    ).history  # fmt: skip
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert history["val_loss"][-1] < history["val_loss"][0]
    images, labels = source.arrays("val")
    p = model.predict(images, verbose=0)
    assert history["val_accuracy"][-1] == pytest.approx(np.mean(p.argmax(1) == labels))
    expected = -np.log(p[np.arange(15), labels]).mean()
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mixup": -0.1}, r"mixup is a number of at least 0, not -0\.1"),
        ({"cutmix": "yes"}, "cutmix is a number of at least 0, not 'yes'"),
        ({"mixup": float("nan")}, "not nan"),
        ({"label_smoothing": 1.0}, r"at least 0 and below 1, not 1\.0"),
        ({"label_smoothing": True}, "not True"),
    ],
)
def test_bad_numbers_are_refused(source, options, message):
    with pytest.raises(DataError, match=message):
        stream(source, **options)


def test_what_has_no_classes_or_no_images_is_refused(source):
    boxes = dataclasses.replace(
        source,
        labels=None,
        element_spec=(source.element_spec[0], tf.TensorSpec((None, 4), tf.float32)),
    )
    for name in ("mixup", "cutmix", "label_smoothing"):
        with pytest.raises(DataError, match=f"{name} needs class labels, which marked has not"):
            stream(boxes, **{name: 0.5})
    texts = dataclasses.replace(
        source, element_spec=(tf.TensorSpec((None,), tf.string), source.element_spec[1])
    )
    with pytest.raises(DataError, match="need images, which marked has not"):
        stream(texts, mixup=0.5)
    assert stream(texts, label_smoothing=0.5).steps_per_epoch == 5
