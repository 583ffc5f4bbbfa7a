"""What the harness costs, and what it gains, beside bare `model.fit` on the same model and data.

Run by `tox -e bench`. Each figure is the median ratio of interleaved pairs with a bootstrap
interval; all are printed, none is asserted.
"""

import functools
import itertools
import time

import keras
import numpy as np
import pytest

import dlkit
from dlkit.train.callbacks import Checkpoints

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


@pytest.fixture
def spent(capsys):
    """The seconds of each fit that passed inside its callbacks, beside those that did not.

    The processor's noise is larger than what callbacks cost, so a ratio of whole fits does not show
    it; both parts of one fit suffer the same noise.
    """
    shares = []
    yield shares
    middle, high = 1 + np.median(shares), 1 + max(shares)
    with capsys.disabled():
        print(f"of which inside callbacks: {middle:.3f} (at most {high:.3f}) of {len(shares)} fits")


def timed_fit(spent, run, model, callbacks, **options):
    """A fit whose callbacks' hooks are timed."""
    inside = [0.0]

    def timed(hook):
        @functools.wraps(hook)
        def call(*args, **kwargs):
            began = time.perf_counter()
            hook(*args, **kwargs)
            inside[0] += time.perf_counter() - began

        return call

    for callback in callbacks:
        for name in filter(lambda name: name.startswith("on_"), dir(callback)):
            if getattr(type(callback), name) is not getattr(keras.callbacks.Callback, name):
                setattr(callback, name, timed(getattr(callback, name)))
    began = time.perf_counter()
    fit(run, model, callbacks, WHOLE, **options)
    spent.append(inside[0] / (time.perf_counter() - began - inside[0]))


@pytest.mark.slow
def test_harness_overhead(folders, compare, spent):
    """All callbacks of a run against none, on the same stream and validation data."""
    run, model = session(folders, "resnet20", dataset="digits")
    val = run.val

    def harness():
        run.folder = next(folders)
        timed_fit(spent, run, model, run.fit_args()["callbacks"], validation_data=val)

    compare("all of the harness / bare fit, resnet20 on digits", harness,
           lambda: fit(run, model, None, WHOLE, validation_data=val), "≤ 1.03")  # fmt: skip


@pytest.mark.slow
def test_checkpoint_overhead(folders, compare, spent):
    """Checkpoints as often as by default against none."""
    run, model = session(folders, "resnet20", dataset="digits")

    def saved():
        folder = next(folders)
        steps = run.stream.steps_per_epoch
        callbacks = [Checkpoints(folder, "loss", "min", steps_per_epoch=steps)]
        timed_fit(spent, run, model, callbacks)

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
