import dataclasses
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import DataError, from_arrays
from dlkit.train.stream import Stream

N = 45


@pytest.fixture(scope="module")
def source():
    """Images that tell their row: each is full of its row's number, but for a random corner."""
    images = np.repeat(np.arange(60, dtype=np.uint8), 8 * 8).reshape(60, 8, 8, 1)
    images[:, :4, :4, 0] = np.random.default_rng(0).integers(60, 256, (60, 4, 4))
    splits = {"train": np.arange(60)[::-1][:N].copy(), "val": np.arange(15)}
    return from_arrays("rows", images, np.arange(60) % 3, splits, ("a", "b", "c"))


def rows_of(batches):
    return np.concatenate([images[:, 7, 7, 0] for images, *_ in batches])


def run(stream, **options):
    return list(stream.dataset(**options).as_numpy_iterator())


def assert_equal(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert len(one) == len(other)
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same)


def test_an_epoch_is_a_permutation_of_the_split(source):
    batches = run(Stream(source, "train", batch_size=10, seed=1))
    order = rows_of(batches)
    np.testing.assert_array_equal(np.sort(order), np.sort(source.splits["train"]))
    assert (order != source.splits["train"]).any()
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), order % 3)


def test_the_rows_of_a_step_are_told(source):
    stream = Stream(source, "train", batch_size=10, seed=1, augment="none")
    for step, batch in enumerate(run(stream, epochs=2)):
        assert stream.rows_of(step).tolist() == rows_of([batch]).tolist()
    assert Stream(source, "train", batch_size=10, mixup=0.2).rows_of(0) is None


def test_the_order_changes_with_the_epoch_and_with_the_seed(source):
    orders = {
        (seed, epoch): rows_of(
            run(Stream(source, "train", batch_size=45, seed=seed), epochs=2)[epoch : epoch + 1]
        ).tobytes()
        for seed in (0, 1, 2**62)
        for epoch in (0, 1)
    }
    assert len(set(orders.values())) == 6


def test_the_order_of_a_seed_is_the_one_of_old(source):
    """A run that was begun with an older dlkit goes on with the same batches."""
    first = rows_of(run(Stream(source, "train", batch_size=6, seed=3, limit_batches=1)))
    assert first.tolist() == [41, 39, 16, 48, 32, 17]


def test_all_permutations_are_equally_likely():
    images = np.arange(4, dtype=np.uint8).repeat(64).reshape(4, 8, 8, 1)
    tiny = from_arrays("tiny", images, np.zeros(4, int), {"train": np.arange(4)}, ("a",))
    epochs = 2_400
    orders = rows_of(run(Stream(tiny, "train", batch_size=4, seed=9), epochs=epochs))
    codes = orders.reshape(epochs, 4) @ [64, 16, 4, 1]
    counts = np.unique(codes, return_counts=True)[1]
    assert len(counts) == 24
    assert ((counts - 100) ** 2 / 100).sum() < 49.7  # 23 degrees of freedom, one in 1,000


@pytest.mark.parametrize("augment", ["none", "crop-flip"])
def test_any_step_can_be_sought_and_gives_the_same_batches(source, augment):
    stream = Stream(source, "train", batch_size=10, seed=4, augment=augment)
    whole = run(stream, epochs=3)
    assert len(whole) == 15
    for step in (0, 1, 4, 5, 6, 14, 15):
        assert_equal(run(stream, start_step=step, epochs=3), whole[step:])


def test_two_runs_are_alike_and_augmentation_differs_by_epoch(source):
    stream = Stream(source, "train", batch_size=45, seed=4, augment="crop-flip")
    whole = run(stream, epochs=2)
    assert_equal(whole, run(stream, epochs=2))
    first, second = (images[np.argsort(images[:, 7, 7, 0])] for images, _ in whole)
    assert (first != second).any()


def test_augmented_samples_do_not_depend_on_how_they_are_cut_into_batches(source):
    options = {"seed": 4, "augment": "crop-flip", "class_weight": {1: 3.0}}
    wide = run(Stream(source, "train", batch_size=20, **options), epochs=2)
    narrow = run(Stream(source, "train", batch_size=10, **options), epochs=2)
    joined = [
        tuple(np.concatenate(parts) for parts in zip(*pair, strict=True))
        for pair in (narrow[0:2], narrow[2:4], narrow[4:5], narrow[5:7], narrow[7:9], narrow[9:10])
    ]
    assert_equal(wide, joined)


def test_cardinality_is_known_and_true(source):
    stream = Stream(source, "train", batch_size=10)
    assert stream.steps_per_epoch == 5
    for start, epochs in [(0, 1), (3, 2), (10, 2), (0, 4)]:
        dataset = stream.dataset(start_step=start, epochs=epochs)
        assert int(dataset.cardinality()) == epochs * 5 - start == len(list(dataset))


def test_the_last_batch_holds_what_is_left(source):
    sizes = [len(images) for images, _ in run(Stream(source, "train", batch_size=10), epochs=2)]
    assert sizes == [10, 10, 10, 10, 5] * 2
    assert [len(x) for x, _ in run(Stream(source, "train", batch_size=15))] == [15, 15, 15]


def test_limit_batches_keeps_the_first_of_each_epoch(source):
    options = {"batch_size": 10, "seed": 6, "augment": "shift"}
    whole = run(Stream(source, "train", **options), epochs=2)
    limited = Stream(source, "train", limit_batches=2, **options)
    assert limited.steps_per_epoch == 2
    assert_equal(run(limited, epochs=2), whole[0:2] + whole[5:7])
    assert_equal(run(limited, start_step=3, epochs=2), whole[6:7])
    assert Stream(source, "train", limit_batches=99, **options).steps_per_epoch == 5


def test_without_shuffling_the_rows_come_as_the_split_lists_them(source):
    stream = Stream(source, "train", batch_size=10, shuffle=False)
    np.testing.assert_array_equal(rows_of(run(stream)), source.splits["train"])
    np.testing.assert_array_equal(rows_of(run(stream, epochs=2))[N:], source.splits["train"])
    assert rows_of(run(stream, start_step=2)).tolist() == source.splits["train"][20:].tolist()


def test_the_spec_is_the_sources_with_the_batch_left_open(source):
    images, labels = Stream(source, "train", batch_size=9, augment="shift").dataset().element_spec
    assert images == tf.TensorSpec((None, 8, 8, 1), tf.uint8)
    assert labels == tf.TensorSpec((None,), tf.int32)


def test_class_weights_become_sample_weights(source):
    weighted = run(Stream(source, "train", batch_size=10, seed=1, class_weight={0: 2, 2: 0.5}))
    plain = run(Stream(source, "train", batch_size=10, seed=1))
    for (images, labels, weights), (same, _) in zip(weighted, plain, strict=True):
        assert weights.dtype == np.float32
        np.testing.assert_array_equal(weights, np.array([2, 1, 0.5], np.float32)[labels])
        np.testing.assert_array_equal(images, same)


def test_labels_out_of_range_are_refused_where_they_are_first_seen(source):
    """A plugin's own source may not know its labels before it fetches them."""
    blind = dataclasses.replace(source, labels=None, class_names=("a", "b"))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"rows: labels out of range 0 … 1"):
        run(Stream(blind, "train", batch_size=10))
    fits = dataclasses.replace(source, labels=None)
    assert_equal(
        run(Stream(fits, "train", batch_size=10)), run(Stream(source, "train", batch_size=10))
    )


def test_labels_may_be_a_structure(boxes):
    """Detection's labels are boxes; the stream passes on what the source gives."""
    batches = run(Stream(boxes, "train", batch_size=4, shuffle=False))
    assert batches[1][1]["boxes"][:, 0, 0].tolist() == [4, 5]
    with pytest.raises(DataError, match="class_weight needs class labels, which boxes has not"):
        Stream(boxes, "train", batch_size=2, class_weight={0: 1.0})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is a whole number of at least 1, not 0"),
        ({"batch_size": -8}, "batch_size is a whole number of at least 1, not -8"),
        ({"batch_size": 2.5}, "not 2.5"),
        ({"batch_size": True}, "not True"),
        ({"batch_size": 46}, "batch_size is 46, but rows has only 45 rows in 'train', of 60: "),
        ({"limit_batches": 0}, "limit_batches is a whole number of at least 1"),
        ({"seed": -1}, "seed is a whole number in 0"),
        ({"seed": 2**63}, "seed is a whole number in 0"),
        ({"seed": "one"}, "not 'one'"),
        ({"augment": "shfit"}, "Did you mean 'shift'"),
        ({"class_weight": {3: 1.0}}, r"class_weight names label 3; rows has 0 … 2"),
        ({"class_weight": {"a": 1.0}}, "class_weight names label 'a'"),
        ({"class_weight": {0: -1.0}}, "give a number ≥ 0"),
        ({"class_weight": {0: float("nan")}}, "give a number ≥ 0"),
    ],
)
def test_bad_arguments_are_refused(source, options, message):
    with pytest.raises(DataError, match=message):
        Stream(source, "train", **{"batch_size": 9, **options})


def test_the_batch_size_that_is_offered_instead_is_taken(source):
    with pytest.raises(DataError) as caught:
        Stream(source, "train", batch_size=128)
    offered = int(caught.value.fix.rsplit(" ", 1)[1])
    assert Stream(source, "train", batch_size=offered).steps_per_epoch >= 2


def test_an_evaluation_may_take_its_split_in_one_batch(source):
    assert Stream(source, "val", batch_size=128, shuffle=False).steps_per_epoch == 1


def test_a_missing_or_empty_split_is_refused(source):
    with pytest.raises(DataError, match=r"no split 'tain'. Did you mean 'train'\?"):
        Stream(source, "tain", batch_size=1)
    empty = dataclasses.replace(source, splits={"train": np.zeros(0, np.int64)})
    with pytest.raises(DataError, match="split 'train' has no rows"):
        Stream(empty, "train", batch_size=1)


def test_steps_outside_the_run_are_refused(source):
    stream = Stream(source, "train", batch_size=10)
    for step in (-1, 11):
        with pytest.raises(DataError, match=f"start_step is {step}; 2 epochs of 5 steps"):
            stream.dataset(start_step=step, epochs=2)
    with pytest.raises(DataError, match="epochs is a whole number"):
        stream.dataset(epochs=0)
    with pytest.raises(DataError, match=r"start_step is a whole number, not 1\.5"):
        stream.dataset(start_step=1.5)


class Steps(keras.callbacks.Callback):
    """Counts the batches of each epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.counts = [*getattr(self, "counts", []), 0]

    def on_train_batch_end(self, batch, logs=None):
        self.counts[-1] += 1


def linear():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("class_weight", [None, {0: 2.0}])
def test_fit_takes_every_batch_and_runs_dry_nowhere(source, class_weight):
    model = linear()
    train = Stream(source, "train", batch_size=10, seed=2, class_weight=class_weight)
    val = Stream(source, "val", batch_size=10, shuffle=False)
    steps = Steps()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "`shuffle=True` was passed")  # fit's own default
        history = model.fit(
            train.dataset(epochs=3),
            steps_per_epoch=train.steps_per_epoch,
            epochs=3,
            validation_data=val.dataset(),
            callbacks=[steps],
            verbose=0,
        )
    assert steps.counts == [5, 5, 5] and int(model.optimizer.iterations) == 15
    assert len(history.history["val_loss"]) == 3
    resumed = model.fit(
        train.dataset(start_step=10, epochs=3),
        steps_per_epoch=5,
        initial_epoch=2,
        epochs=3,
        verbose=0,
    )
    assert len(resumed.history["loss"]) == 1


def test_the_loss_of_fit_is_the_mean_over_samples(source):
    """With a partial last batch, and with a cardinality that Keras can see."""
    model = linear()
    got = model.evaluate(Stream(source, "val", batch_size=4, shuffle=False).dataset(), verbose=0)
    images, labels = source.arrays("val")
    probabilities = model.predict(images, verbose=0)
    expected = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
    assert got == pytest.approx(float(np.mean(expected)), rel=1e-5)
