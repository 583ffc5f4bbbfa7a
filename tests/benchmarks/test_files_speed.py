"""From JPEG files to batches, beside Keras' loader; the figures are printed, none is asserted.

Run by `tox -e bench`.
"""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlkit.data import image_folder
from dlkit.train.cache import cached
from dlkit.train.stream import Stream

COUNT = 2000


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """2,000 JPEGs of about 300 × 250 pixels in ten classes."""
    root = tmp_path_factory.mktemp("photographs")
    draw = np.random.default_rng(0)
    small = draw.integers(0, 256, (50, 25, 30, 3), np.uint8)
    for i in range(COUNT):
        folder = root / f"class{i % 10}"
        folder.mkdir(exist_ok=True)
        image = Image.fromarray(small[i % 50]).resize((300, 250), Image.Resampling.BICUBIC)
        image.save(folder / f"{i}.jpg", quality=90)
    return root


def source(photographs, side):
    """All of them for training."""
    whole = image_folder.image_folder(data=photographs, image_size=side, test_share=0)
    return dataclasses.replace(whole, splits={"train": np.arange(whole.size)})


def loader(photographs, side):
    """As people write it."""
    return keras.utils.image_dataset_from_directory(
        photographs, image_size=(side, side), batch_size=32, verbose=False
    )


def passing(stream):
    """A function that goes through the next epoch."""
    epochs, steps = itertools.count(), stream.steps_per_epoch

    def run():
        epoch = next(epochs)
        return sum(1 for _ in stream.dataset(epoch * steps, epoch + 1))

    return run


@pytest.mark.slow
@pytest.mark.parametrize("cache", [None, "memory", "folder"])
def test_images_from_files(photographs, tmp_path, compare, cache):
    """One pass over the files at 128 pixels, shuffled.

    Ours antialiases, as Pillow does, and Keras' loader does not. With a cache the passes that are
    timed come after one that has filled it.
    """
    kept = cached(source(photographs, 128), tmp_path if cache == "folder" else cache)
    theirs = loader(photographs, 128).prefetch(tf.data.AUTOTUNE)
    compare(f"Keras' loader / the stream, {COUNT:,} JPEGs, cache {cache}",
           lambda: sum(1 for _ in theirs), passing(Stream(kept, "train", batch_size=32)),
           "≥ 1.5", images=COUNT)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("cache", [None, "memory"])
def test_augmented_batches(photographs, compare, cache):
    """The same at 224 pixels with moves of up to an eighth and mirroring: whole pixels in ours."""
    augment = keras.Sequential(
        [keras.layers.RandomTranslation(0.125, 0.125), keras.layers.RandomFlip("horizontal")]
    )
    theirs = loader(photographs, 224)
    theirs = theirs.cache() if cache else theirs
    theirs = theirs.map(lambda x, y: (augment(x, training=True), y), tf.data.AUTOTUNE)
    theirs = theirs.prefetch(tf.data.AUTOTUNE)
    kept = cached(source(photographs, 224), cache)
    stream = Stream(kept, "train", batch_size=32, augment="crop-flip")
    compare(f"Keras' loader and layers / the stream, {COUNT:,} JPEGs augmented, cache {cache}",
           lambda: sum(1 for _ in theirs), passing(stream), "none", images=COUNT)  # fmt: skip
