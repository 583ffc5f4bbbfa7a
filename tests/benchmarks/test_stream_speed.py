"""How long it takes to reach a step far into a run, and how quickly batches come.

Run by `pytest tests/benchmarks --benchmark-only`; the figures are printed, none is asserted.
"""

import numpy as np
import pytest
import tensorflow as tf

from dlkit.data import Source, augment, from_arrays
from dlkit.train.stream import Stream

ROWS = 10**7


@pytest.fixture(scope="module")
def endless():
    def fetch(rows):
        return rows, tf.zeros_like(rows, tf.int32)

    return Source(
        name="numbers",
        size=ROWS,
        splits={"train": np.arange(ROWS)},
        element_spec=(tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None,), tf.int32)),
        fetch=fetch,
        class_names=("number",),
        labels=np.zeros(ROWS, np.int32),
    )


@pytest.mark.parametrize("step", [0, 300_000])
def test_seek(benchmark, endless, step):
    stream = Stream(endless, "train", batch_size=128)
    benchmark.pedantic(lambda: next(iter(stream.dataset(start_step=step, epochs=5))), rounds=5)


@pytest.mark.parametrize("name", augment.AUGMENTATIONS)
def test_epoch_of_small_images(benchmark, name):
    n = 12_800
    images = np.random.default_rng(0).integers(0, 256, (n, 32, 32, 3), np.uint8)
    source = from_arrays("noise", images, np.zeros(n, int), {"train": np.arange(n)}, ("noise",))
    stream = Stream(source, "train", batch_size=128, augment=name)
    benchmark(lambda: sum(1 for _ in stream.dataset()))
    benchmark.extra_info["images_per_second"] = n / benchmark.stats["median"]


def test_epoch_of_the_usual_pipeline(benchmark):
    """The peer: `shuffle`, `batch`, `prefetch` on the same images, which cannot be sought."""
    n = 12_800
    images = np.random.default_rng(0).integers(0, 256, (n, 32, 32, 3), np.uint8)
    data = tf.data.Dataset.from_tensor_slices((images, np.zeros(n, np.int32)))
    data = data.shuffle(n).batch(128).prefetch(tf.data.AUTOTUNE)
    benchmark(lambda: sum(1 for _ in data))
    benchmark.extra_info["images_per_second"] = n / benchmark.stats["median"]
