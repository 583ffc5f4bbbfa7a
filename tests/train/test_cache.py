"""Caches: the same batches, each row decoded once, files that are whole and the data's own."""

import dataclasses
import os
import threading
from concurrent import futures

import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import DataError, from_arrays
from dlkit.train import cache
from dlkit.train.cache import files, memory
from dlkit.train.stream import Stream

N = 45


class Counted:
    """A source that counts how often each row was fetched."""

    def __init__(self, **changes):
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (60, 8, 8, 1), np.uint8)
        splits = {"train": np.arange(60)[::-1][:N].copy(), "val": np.arange(15)}
        plain = from_arrays("count/ed", images, np.arange(60) % 3, splits, ("a", "b", "c"))
        self.counts, self.lock = np.zeros(60, int), threading.Lock()

        def count(rows):
            with self.lock:
                np.add.at(self.counts, rows, 1)
            return rows

        def fetch(rows):
            counted = tf.numpy_function(count, [rows], rows.dtype)
            return plain.fetch(tf.ensure_shape(counted, (None,)))

        self.source = dataclasses.replace(plain, **{"fetch": fetch, **changes})


def run(source, **options):
    stream = Stream(source, "train", batch_size=10, seed=3, augment="shift")
    return list(stream.dataset(**{"epochs": 3, **options}).as_numpy_iterator())


def assert_equal(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same)


@pytest.fixture(params=["memory", "folder"])
def where(request, tmp_path):
    return "memory" if request.param == "memory" else tmp_path / "decoded"


def test_batches_are_the_same_at_any_step(where):
    plain = run(Counted().source)
    source = cache.cached(Counted().source, where)
    assert_equal(run(source, start_step=7), plain[7:])
    assert_equal(run(source), plain)  # some of it from what is kept


def test_rows_are_decoded_once_however_many_epochs(where):
    counted = Counted()
    source = cache.cached(counted.source, where)
    run(source, epochs=1)
    once = counted.counts.copy()
    run(source)
    list(Stream(source, "train", batch_size=7, shuffle=False).dataset())
    np.testing.assert_array_equal(counted.counts, once)
    if where == "memory":
        np.testing.assert_array_equal(once[15:], 1)
        assert not once[:15].any()  # the validation split was not asked for


def test_the_spec_arrays_and_eager_fetches_stay(where):
    plain = Counted().source
    source = cache.cached(Counted().source, where)
    assert (
        Stream(source, "val", batch_size=4).element_spec
        == Stream(plain, "val", batch_size=4).element_spec
    )
    for one, other in zip(source.arrays("val"), plain.arrays("val"), strict=True):
        np.testing.assert_array_equal(one, other)
    images, labels = source.fetch(tf.constant([5, 5, 0]))
    np.testing.assert_array_equal(images, plain.fetch(tf.constant([5, 5, 0]))[0])
    assert labels.dtype == tf.int32 and images.shape == (3, 8, 8, 1)


def test_many_threads_that_miss_the_same_rows_all_get_them():
    counted = Counted()
    source = cache.cached(counted.source, "memory")
    expected = counted.source.fetch(tf.range(60, dtype=tf.int64))[0].numpy()
    rows = np.random.default_rng(0).integers(0, 60, (400, 16))
    data = tf.data.Dataset.from_tensor_slices(rows).map(source.fetch, num_parallel_calls=16)
    for wanted, (images, labels) in zip(rows, data.as_numpy_iterator(), strict=True):
        np.testing.assert_array_equal(images, expected[wanted])
        np.testing.assert_array_equal(labels, wanted % 3)


def test_a_folder_serves_the_next_run(tmp_path):
    cache.cached(Counted().source, tmp_path)
    counted = Counted()
    run(cache.cached(counted.source, str(tmp_path)))
    assert counted.counts.sum() == 8  # those that are held against the files
    assert [path.suffix for path in tmp_path.iterdir()] == [""]  # one folder, no litter
    images = np.load(next(tmp_path.iterdir()) / "0.npy")
    np.testing.assert_array_equal(images, counted.source.fetch(tf.range(60))[0])


@pytest.mark.parametrize("harm", ["cut", "other", "missing", "text"])
def test_files_that_are_not_the_datas_are_made_anew(tmp_path, caplog, harm):
    cache.cached(Counted().source, tmp_path)
    file = next(tmp_path.iterdir()) / "0.npy"
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif harm == "other":
        np.save(file, np.load(file) // 2)
    elif harm == "text":
        file.write_text("these are no pixels")
    else:
        file.unlink()
    source = cache.cached(Counted().source, tmp_path)
    assert_equal(run(source), run(Counted().source))
    assert ("decoding anew" in caplog.text) == (harm != "missing")


def test_another_content_size_or_type_gets_a_folder_of_its_own(tmp_path):
    plain = Counted().source
    cache.cached(plain, tmp_path)
    cache.cached(dataclasses.replace(plain, fingerprint="f" * 64), tmp_path)

    def halved(rows):
        images, labels = plain.fetch(rows)
        return images[:, ::2, ::2], labels

    spec = (tf.TensorSpec((None, 4, 4, 1), tf.uint8), plain.element_spec[1])
    smaller = dataclasses.replace(plain, fetch=halved, element_spec=spec)
    images, _ = cache.cached(smaller, tmp_path).fetch(tf.constant([3]))
    np.testing.assert_array_equal(images, halved(tf.constant([3]))[0])
    assert len(list(tmp_path.iterdir())) == 3


def test_a_failed_decoding_leaves_nothing(tmp_path):
    plain = Counted().source

    def broken(rows):
        check = tf.debugging.Assert(tf.reduce_all(rows < 50), ["row 50 is broken"])
        with tf.control_dependencies([check]):
            return plain.fetch(tf.identity(rows))

    with pytest.raises(tf.errors.InvalidArgumentError):
        cache.cached(dataclasses.replace(plain, fetch=broken), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_cleared_up(tmp_path):
    counted = Counted()
    name = files._name(counted.source)
    half = tmp_path / f".{name}.x1y2.tmp"
    half.mkdir()
    (half / "0.npy").write_bytes(b"half")
    (tmp_path / f".{name}.lock").touch()
    cache.cached(counted.source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_was_put_aside_by_a_killed_process_serves_again(tmp_path):
    cache.cached(Counted().source, tmp_path)
    (path,) = tmp_path.iterdir()
    os.replace(path, path.with_name(f".{path.name}.old"))
    counted = Counted()
    cache.cached(counted.source, tmp_path)
    assert counted.counts.sum() == 8 and list(tmp_path.iterdir()) == [path]


def test_one_decodes_and_the_others_wait(tmp_path):
    counted = Counted()
    with futures.ThreadPoolExecutor(4) as pool:
        cached = list(pool.map(cache.cached, [counted.source] * 4, [tmp_path] * 4))
    assert counted.counts.sum() == 60 + 4 * 8
    assert len(list(tmp_path.iterdir())) == 1
    for source in cached:
        assert_equal(run(source), run(Counted().source))


def test_labels_that_are_no_numbers_are_kept_as_such(where):
    plain = Counted().source
    labels = np.where(np.arange(60) % 2, np.nan, 1.0).astype(np.float32)
    spec = (plain.element_spec[0], tf.TensorSpec((None,), tf.float32))
    source = dataclasses.replace(
        plain,
        fetch=lambda rows: (plain.fetch(rows)[0], tf.gather(labels, rows)),
        element_spec=spec,
        labels=None,
        class_names=(),
    )
    found = cache.cached(source, where).fetch(tf.range(60))[1]
    np.testing.assert_array_equal(found, labels)


def test_without_a_cache_the_source_is_itself():
    source = Counted().source
    assert cache.cached(source, None) is source and cache.cached(source, "") is source


def test_what_cannot_be_cached_is_refused(tmp_path, monkeypatch):
    source = Counted().source
    with pytest.raises(DataError, match="has no fingerprint") as caught:
        cache.cached(dataclasses.replace(source, fingerprint=""), tmp_path)
    assert "cache=memory" in caught.value.fix
    for spec in (tf.TensorSpec((None, None, 4), tf.float32), tf.TensorSpec((None,), tf.string)):
        with pytest.raises(DataError, match="not numbers of one shape"):
            cache.cached(dataclasses.replace(source, element_spec=(spec, spec)), "memory")
    calls = iter(range(10**6))

    def unsteady(rows):
        images, labels = source.fetch(rows)
        return images + tf.cast(next(calls), tf.uint8), labels

    with pytest.raises(DataError, match="does not give the same values twice"):
        cache.cached(dataclasses.replace(source, fetch=unsteady), tmp_path)
    monkeypatch.setattr(memory.os, "sysconf", lambda name: 32)
    with pytest.raises(DataError, match=r"this machine has 0\.0 GiB of memory"):
        cache.cached(source, "memory")


def test_labels_may_be_a_structure(where, boxes):
    kept = cache.cached(boxes, where)
    batches = list(Stream(kept, "train", batch_size=4, shuffle=False).dataset())
    assert batches[1][1]["boxes"].numpy()[:, 0, 0].tolist() == [4, 5]
