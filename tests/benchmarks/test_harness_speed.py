"""What the harness costs, and what it gains, beside bare `model.fit` on the same model and data.

Run by `tox -e bench`. Each figure is the median ratio of interleaved pairs with a bootstrap
interval; all are printed, none is asserted.
"""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import dlkit
from dlkit.data import image_folder
from dlkit.train.cache import cached
from dlkit.train.callbacks import Checkpoints
from dlkit.train.stream import Stream

EPOCHS = 8
WHOLE = 24  # epochs of a run in which what it costs to begin and to end weighs as it does in use


@pytest.fixture
def folders(tmp_path):
    """A new folder each time."""
    return (tmp_path / str(i) for i in itertools.count())


def session(folders, name, **settings):
    """A run whose model is built and whose functions are traced."""
    run = dlkit.Run(next(folders), dlkit.Recipe.load(name, epochs=EPOCHS, **settings))
    model = run.build()
    model.fit(run.stream.dataset(epochs=1), epochs=1, verbose=0, shuffle=False)
    return run, model


def fit(run, model, callbacks, epochs=EPOCHS, **options):
    """So many epochs from the start of the stream."""
    steps = run.stream.steps_per_epoch
    given = {"epochs": epochs, "steps_per_epoch": steps, "verbose": 0, "shuffle": False, **options}
    model.fit(run.stream.dataset(epochs=epochs), callbacks=callbacks, **given)


@pytest.mark.slow
def test_harness_overhead(folders, compare):
    """All callbacks of a run against none, on the same stream and validation data."""
    run, model = session(folders, "resnet20", dataset="digits")
    val = run.val

    def harness():
        run.folder = next(folders)
        fit(run, model, run.fit_args()["callbacks"], WHOLE, validation_data=val)

    compare("all of the harness / bare fit, resnet20 on digits", harness,
           lambda: fit(run, model, None, WHOLE, validation_data=val), "≤ 1.03")  # fmt: skip


@pytest.mark.slow
def test_checkpoint_overhead(folders, compare):
    """Checkpoints as often as by default against none."""
    run, model = session(folders, "resnet20", dataset="digits")

    def saved():
        folder = next(folders)
        steps = run.stream.steps_per_epoch
        fit(run, model, [Checkpoints(folder, "loss", "min", steps_per_epoch=steps)], WHOLE)

    compare("checkpoints / none, resnet20 on digits", saved,
           lambda: fit(run, model, None, WHOLE), "≤ 1.02")  # fmt: skip


@pytest.mark.slow
def test_lenet_epochs(folders, compare):
    """The recipe's steps per execution and stream against `fit` on arrays as people write it."""
    run, model = session(folders, "lenet5", augment="none")
    images, labels = run.source.arrays("train")
    bare = dlkit.create_model("lenet5")
    bare.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    size = run.recipe.batch_size
    compare("bare fit / dlkit, LeNet-5 on digits",
           lambda: bare.fit(images, labels, batch_size=size, epochs=EPOCHS, verbose=0),
           lambda: fit(run, model, None), "≥ 1.5")  # fmt: skip


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """2,000 JPEGs of about 300 × 250 pixels in ten classes."""
    root = tmp_path_factory.mktemp("photographs")
    draw = np.random.default_rng(0)
    small = draw.integers(0, 256, (50, 25, 30, 3), np.uint8)
    for i in range(2000):
        folder = root / f"class{i % 10}"
        folder.mkdir(exist_ok=True)
        image = Image.fromarray(small[i % 50]).resize((300, 250), Image.Resampling.BICUBIC)
        image.save(folder / f"{i}.jpg", quality=90)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("cache", [None, "memory", "folder"])
def test_images_from_files(photographs, tmp_path, compare, cache):
    """One pass over the files: ours against Keras' loader, both shuffled.

    Ours antialiases, as Pillow does, and Keras' loader does not. With a cache the passes that are
    timed come after one that has filled it.
    """
    source = image_folder.image_folder(data=photographs, image_size=128, test_share=0)
    rows = {"train": np.arange(source.size)}
    source = cached(
        dataclasses.replace(source, splits=rows), tmp_path if cache == "folder" else cache
    )
    stream = Stream(source, "train", batch_size=32)
    keras_data = keras.utils.image_dataset_from_directory(
        photographs, image_size=(128, 128), batch_size=32, verbose=False
    )
    epochs = itertools.count()
    compare(f"Keras' loader / the stream, 2,000 JPEGs, cache {cache}",
           lambda: sum(1 for _ in keras_data.prefetch(tf.data.AUTOTUNE)),
           lambda: passed(stream, next(epochs)), "≥ 1.5")  # fmt: skip


def passed(stream, epoch):
    steps = stream.steps_per_epoch
    return sum(1 for _ in stream.dataset(epoch * steps, epoch + 1))
