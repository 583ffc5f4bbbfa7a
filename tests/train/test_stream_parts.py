"""A stream's batches cut into parts: together they are the batches that one device sees."""

import numpy as np
import pytest
import tensorflow as tf

from dlkit import registry
from dlkit.data.errors import DataError
from dlkit.train.stream import Stream

SIZE = 43  # with batches of 8 the last one has 3 rows


@pytest.fixture(scope="module")
def source():
    found = registry.create("dataset", "digits", image_size=8)
    found.splits["train"] = found.splits["train"][:SIZE]
    return found


def stream(source, replicas, **options):
    return Stream(source, "train", batch_size=8, seed=2, replicas=replicas, **options)


@pytest.mark.parametrize("options", [{}, {"augment": "shift"}, {"mixup": 0.4}, {"shuffle": False}])
@pytest.mark.parametrize(("replicas", "workers"), [(2, 2), (3, 3), (2, 1)])
def test_parts_make_up_the_batches(source, options, replicas, workers):
    each = replicas // workers
    made = stream(source, replicas, **options)
    whole = list(made.dataset(start_step=4, epochs=2))
    cut = [
        made.dataset(4, 2, range(worker * each, (worker + 1) * each)) for worker in range(workers)
    ]
    assert {int(part.cardinality()) for part in cut} == {len(whole) * each}
    found = [list(part) for part in cut]
    for step, batch in enumerate(whole):
        parts = [parts[step * each + i] for parts in found for i in range(each)]
        sizes = [len(part[0]) for part in parts]
        assert max(sizes) - min(sizes) <= 1 and min(sizes) > 0
        joined = tf.nest.map_structure(lambda *values: np.concatenate(values), *parts)
        for got, expected in zip(joined, batch, strict=True):
            assert np.array_equal(got, expected)


def test_a_last_batch_with_too_few_rows_is_joined_to_the_one_before(source):
    sizes = [len(labels) for _, labels in stream(source, 4).dataset()]
    assert sizes == [8, 8, 8, 8, 11]
    assert stream(source, 4).steps_per_epoch == 5
    assert stream(source, 3).steps_per_epoch == 6
    assert sorted(len(labels) for _, labels in stream(source, 4).dataset(4, 1, range(4))) == [
        2, 3, 3, 3,
    ]  # fmt: skip
    assert [len(y) for _, y in stream(source, 4, limit_batches=2).dataset()] == [8, 8]


def test_more_replicas_than_rows_are_refused(source):
    with pytest.raises(DataError, match="9 replicas share a batch of 8 rows"):
        stream(source, 9)
