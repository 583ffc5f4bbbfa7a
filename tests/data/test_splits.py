import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from dlkit.data.errors import DataError
from dlkit.data.splits import class_weights, stratified


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 60), min_size=2, max_size=8),
    shares=st.tuples(st.floats(0.02, 0.4), st.floats(0.02, 0.4)),
    seed=st.integers(0, 5),
)
def test_sizes_are_met_to_the_row_and_classes_stay_in_proportion(counts, shares, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    n = len(labels)
    sizes = {"val": int(shares[0] * n), "test": int(shares[1] * n)}
    if sum(sizes.values()) > n - len(counts):
        return
    parts = stratified(labels, sizes, seed=seed)
    assert {name: len(rows) for name, rows in parts.items() if name != "train"} == sizes
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(n))
    assert set(labels[parts["train"]]) == set(labels)
    if min(counts) >= 10:
        for name, size in sizes.items():
            held = np.bincount(labels[parts[name]], minlength=len(counts))
            assert np.abs(held - np.array(counts) * size / n).max() <= 1


def test_rows_are_ascending_int64_and_depend_on_the_split_seed_alone():
    labels = np.arange(200) % 4
    one, again = (stratified(labels, {"val": 20, "test": 40}, seed=3) for _ in range(2))
    other = stratified(labels, {"val": 20, "test": 40}, seed=4)
    for name, rows in one.items():
        assert rows.dtype == np.int64 and (np.diff(rows) > 0).all()
        np.testing.assert_array_equal(rows, again[name])
    assert (one["test"] != other["test"]).any()


def test_a_key_keeps_its_split_when_rows_are_added():
    labels = np.arange(400) % 2
    keys = [f"class/{row}.png" for row in range(400)]
    before = stratified(labels[:380], {"test": 95}, keys=keys[:380])["test"]
    after = stratified(labels, {"test": 100}, keys=keys)["test"]
    assert len(set(before) & set(after)) >= 80  # a few at the boundary move; most stay


def test_too_much_set_aside_is_refused():
    with pytest.raises(DataError, match=r"pets: 4 rows in 2 classes cannot set aside 3 for val"):
        stratified([0, 0, 1, 1], {"val": 3}, name="pets")


def test_class_weights_are_scikit_learns_balanced():
    labels = np.random.default_rng(0).choice(4, 300, p=[0.6, 0.2, 0.15, 0.05])
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    weights = class_weights(labels, 4)
    assert list(weights) == [0, 1, 2, 3]
    np.testing.assert_allclose(list(weights.values()), expected, rtol=1e-15)
    assert np.mean([weights[label] for label in labels]) == pytest.approx(1)


def test_class_weights_refuse_an_empty_class_and_stray_labels():
    with pytest.raises(DataError, match="no rows of class 2"):
        class_weights(np.array([0, 1]), 3)
    with pytest.raises(DataError, match="labels lie in 0 … 3; 2 classes"):
        class_weights(np.array([0, 3]), 2)
