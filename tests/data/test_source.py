import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import DataError, from_arrays


def made(n=10, splits=None, labels=None, **options):
    images = np.arange(n * 4 * 4 * 1).reshape(n, 4, 4, 1).astype(np.uint8)
    labels = np.arange(n) % 2 if labels is None else labels
    splits = {"train": np.arange(n - 2), "val": np.array([n - 1])} if splits is None else splits
    return from_arrays("mine", images, labels, splits, ("cat", "dog"), **options), images


def test_arrays_are_the_rows_of_the_split_in_order():
    source, images = made(splits={"train": np.array([5, 2, 7]), "val": np.array([0])})
    got, labels = source.arrays("train")
    np.testing.assert_array_equal(got, images[[5, 2, 7]])
    assert labels.tolist() == [1, 0, 1] and labels.dtype == np.int32 and got.dtype == np.uint8
    assert source.arrays("train", limit=2)[1].tolist() == [1, 0]
    assert source.arrays("train", limit=0)[0].shape == (0, 4, 4, 1)
    assert source.image_shape == (4, 4, 1)


def test_arrays_of_more_rows_than_a_chunk():
    source, images = made(n=700, splits={"train": np.arange(700)})
    np.testing.assert_array_equal(source.arrays("train")[0], images)


def test_fetch_runs_inside_tf_data():
    source, images = made()
    dataset = tf.data.Dataset.from_tensors(tf.constant([3, 1], tf.int64)).map(source.fetch)
    got, labels = next(iter(dataset))
    np.testing.assert_array_equal(got, images[[3, 1]])
    assert labels.numpy().tolist() == [1, 1]


def test_an_unknown_split_is_refused_with_those_there_are():
    source, _ = made()
    with pytest.raises(DataError, match="mine has no split 'test'") as caught:
        source.arrays("test")
    assert "train, val" in caught.value.fix


def test_the_fingerprint_is_of_content_labels_names_and_splits():
    source, images = made()
    assert source.fingerprint == made()[0].fingerprint and len(source.fingerprint) == 64
    changed = images.copy()
    changed[3, 1, 1, 0] ^= 1
    splits = dict(source.splits)
    others = [
        from_arrays("mine", changed, source.labels, splits, ("cat", "dog")),
        from_arrays("mine", images, 1 - source.labels, splits, ("cat", "dog")),
        from_arrays("mine", images, source.labels, splits, ("cat", "wolf")),
        made(splits={"train": np.arange(7), "val": np.array([9])})[0],
    ]
    assert len({source.fingerprint, *(other.fingerprint for other in others)}) == 5


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": np.arange(5), "val": np.array([4])}, "split 'val': row 4 is in another split"),
        ({"train": np.array([0, 11])}, "rows lie in 0 … 11, and there are 10"),
        ({"train": np.array([0, -1])}, "rows lie in -1 … 0"),
        ({"train": np.array([1, 1])}, "a row is in it twice"),
        ({"train": np.array([[1]])}, r"rows are \(n,\) int64"),
    ],
)
def test_splits_that_cannot_be_right_are_refused(splits, message):
    with pytest.raises(DataError, match=message):
        made(splits=splits)


def test_labels_out_of_range_are_refused_by_row():
    labels = np.zeros(10, int)
    labels[6] = 2
    with pytest.raises(DataError, match="1 labels out of range: row 6 has label 2, and 2 classes"):
        made(labels=labels)
    with pytest.raises(DataError, match="row 0 has label -1"):
        made(labels=np.full(10, -1))


def test_arrays_of_the_wrong_kind_are_refused():
    rows = {"train": np.arange(2)}
    with pytest.raises(DataError, match=r"uint8 in 0 … 255, not \(2, 4, 4, 1\) of float64"):
        from_arrays("mine", np.zeros((2, 4, 4, 1)), [0, 1], rows, ("a", "b"))
    with pytest.raises(DataError, match=r"one integer for each of the 2 images, not \(3,\)"):
        from_arrays("mine", np.zeros((2, 4, 4, 1), np.uint8), [0, 1, 1], rows, ("a", "b"))
    with pytest.raises(DataError, match="of float64"):
        from_arrays("mine", np.zeros((2, 4, 4, 1), np.uint8), [0.0, 1.0], rows, ("a", "b"))
