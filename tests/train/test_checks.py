"""Checks before a training: sound set-ups pass, and each unsound one is told for what it is."""

import dataclasses
import itertools
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import dlkit
from dlkit.data import from_arrays
from dlkit.train import checkpoint, checks, state
from dlkit.train.checks import FAIL, OK, WARNING, data, disk, model, subject, training
from dlkit.train.checks.subject import Subject


@pytest.fixture
def run(tmp_path, recipe):
    return dlkit.Run(tmp_path / "runs" / "r", recipe)


@pytest.fixture
def with_model(run):
    """A run whose model ends as given, and begins as it has to."""

    def made(*middle, head=None, loss=None, optimizer="adam"):
        keras.utils.set_random_seed(0)
        image = keras.Input((8, 8, 1))
        x = keras.layers.Rescaling(1 / 255)(image)
        x = keras.layers.Flatten()(x)
        for layer in middle:
            x = layer(x)
        x = keras.layers.Dense(10, name="logits")(x) if head is None else head(x)
        subject = Subject(run)
        subject.model = keras.Model(image, x)
        subject.model.compile(
            optimizer,
            loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )
        subject.model.optimizer.build(subject.model.trainable_variables)
        subject.keep()
        return subject

    return made


@pytest.fixture
def with_data(run):
    """A run on other images and labels."""

    def made(images, labels, names=tuple("0123456789")):
        rows = np.arange(len(labels))
        splits = {"train": rows[: len(rows) - 20], "val": rows[len(rows) - 20 :]}
        run.source = from_arrays("made", images, labels, splits, names)
        return Subject(run)

    return made


def images(n=100, low=0, high=255):
    draw = np.random.default_rng(0)
    return draw.integers(low, high, (n, 8, 8, 1), np.uint8, endpoint=True)


def test_a_sound_run_passes_and_leaves_nothing(run):
    found = checks.run(run)
    assert [finding.name for finding in found] == [
        "input", "pixels", "labels", "balance", "outputs", "first loss", "gradients", "one batch",
        "steps", "checkpoint",
    ]  # fmt: skip
    assert {finding.verdict for finding in found} == {OK}, found
    assert not any(finding.fix for finding in found)
    assert not run.folder.parent.exists() and not list(run.folder.parents[1].iterdir())


def test_every_check_finds_the_model_as_it_was_made(run, monkeypatch):
    digests = set()

    def noted(subject):
        arrays = state.capture(subject.model)  # metrics have no variables before a first step
        kept = [a.tobytes() for name, a in arrays.items() if not name.startswith("metrics/")]
        digests.add(hash(tuple(kept)))

    between = [item for check in checks.CHECKS for item in (check, noted)]
    monkeypatch.setattr(checks, "CHECKS", between)
    assert len(checks.run(run)) == 10 and len(digests) == 1


@pytest.mark.parametrize(
    ("shape", "dtype"), [((4, 9, 9, 1), np.uint8), ((4, 8, 8), np.uint8), ((4, 8, 8, 1), np.int64)]
)
def test_images_that_the_model_does_not_take_end_it_at_once(run, monkeypatch, shape, dtype):
    batch = (tf.zeros(shape, dtype), tf.zeros(4, tf.int32), None)
    monkeypatch.setattr(Subject, "batch", batch)
    (found,) = checks.run(run)
    assert (found.verdict, found.name) == (FAIL, "input") and "(any, 8, 8, 1)" in found.text


@pytest.mark.parametrize(
    ("pixels", "verdict", "told"),
    [
        (images(), OK, "pixels in 0 … 255"),
        (images(high=1), WARNING, "scaled"),
        (np.full((100, 8, 8, 1), 7, np.uint8), FAIL, "are blank"),
        (np.concatenate([images(50), np.full((50, 8, 8, 1), 7, np.uint8)]), WARNING, "are blank"),
    ],
)
def test_pixels(with_data, pixels, verdict, told):
    found = data.pixels(with_data(pixels, np.arange(100) % 10))
    assert found.verdict == verdict and told in found.text and bool(found.fix) == (verdict != OK)


def test_pixels_of_floats(with_data):
    subject = with_data(images(), np.arange(100) % 10)
    for change, verdict, told in (
        (lambda x: x / 127.5 - 1, FAIL, "takes [0, 255]"),
        (lambda x: np.where(x > 250, np.nan, x), FAIL, "no finite number"),
    ):
        batch = subject.batch
        subject.batch = (change(np.asarray(batch[0], np.float32)), *batch[1:])
        found = data.pixels(subject)
        assert found.verdict == verdict and told in found.text
        subject.batch = batch


def test_labels_and_balance(with_data):
    even = with_data(images(), np.arange(100) % 10)
    assert data.labels(even).verdict == data.balance(even).verdict == OK
    missing = with_data(images(), np.arange(100) % 9)
    found = data.labels(missing)
    assert found.verdict == WARNING and "none of: 9" in found.text
    rare = np.where(np.arange(100) % 50, 0, np.arange(100) % 7)
    found = data.balance(with_data(images(), rare))
    assert found.verdict == WARNING and "class_weights=true" in found.fix
    assert "always saying '0' is right in 9" in found.text


def test_labels_that_are_a_sample_say_nothing_of_what_is_not_in_it(with_data, monkeypatch):
    monkeypatch.setattr(subject, "LOOKED_AT", 50)
    names = tuple(map(str, range(100)))

    def sampled(labels):
        looked_at = with_data(images(2000), labels, names)
        looked_at.source = dataclasses.replace(looked_at.source, labels=None)
        return looked_at

    many = sampled(np.arange(2000) % 100)
    found = data.labels(many)
    assert found.verdict == OK and "in 50 training rows looked at, 100 classes" in found.text
    assert "none of" not in found.text and "every class" not in found.text
    found = data.balance(many)
    assert found.verdict == OK and found.text.endswith("of 50 rows looked at")
    one_rare = sampled(np.where(np.arange(2000) % 25, 0, 1))
    assert data.balance(one_rare).verdict == OK  # two of fifty are too few to tell
    monkeypatch.setattr(subject, "LOOKED_AT", 1000)
    found = data.balance(sampled(np.where(np.arange(2000) % 25, 0, 1)))
    assert found.verdict == WARNING and found.text.endswith("of 1,000 rows looked at")
    monkeypatch.setattr(subject, "LOOKED_AT", 2000)
    found = data.labels(sampled(np.arange(2000) % 99))
    assert found.verdict == WARNING and "none of: 99" in found.text  # all were looked at


def test_outputs(with_model):
    softmax = keras.layers.Dense(10, activation="softmax")
    shares = keras.losses.SparseCategoricalCrossentropy()
    assert model.outputs(with_model()).verdict == OK
    assert model.outputs(with_model(head=softmax, loss=shares)).verdict == OK
    twice = model.outputs(with_model(head=softmax))
    assert twice.verdict == FAIL and "without softmax" in twice.fix
    never = model.outputs(with_model(loss=shares))
    assert never.verdict == FAIL and "in softmax" in never.fix
    few = model.outputs(with_model(head=keras.layers.Dense(9)))
    assert few.verdict == FAIL and "expected (batch, 10)" in few.text
    bad = keras.layers.Dense(10, kernel_initializer=keras.initializers.Constant(np.nan))
    assert "not all are finite" in model.outputs(with_model(head=bad)).text


def test_the_first_loss(with_model):
    assert model.first_loss(with_model()).verdict == OK
    sure = model.first_loss(with_model(keras.layers.Rescaling(255.0)))
    assert sure.verdict == WARNING and "sure, and wrong" in sure.text
    bias = keras.initializers.Constant(np.nan)
    broken = model.first_loss(with_model(head=keras.layers.Dense(10, bias_initializer=bias)))
    assert broken.verdict == FAIL

    def knows(y, p):
        return 0.01 * keras.ops.sum(keras.ops.square(p), -1)

    assert model.first_loss(with_model(loss=knows)).verdict == WARNING


class ZeroGate(keras.layers.Layer):
    """x + g · f(x), where g begins at 0: f is without gradient in the first step only."""

    def build(self, shape):
        self.inner = keras.layers.Dense(shape[-1], name="inner")
        self.inner.build(shape)
        self.gate = self.add_weight(shape=(), initializer="zeros")

    def call(self, x):
        return x + self.gate * self.inner(x)


class Root(keras.layers.Layer):
    def call(self, x):
        return keras.ops.sqrt(keras.ops.relu(x - 99))


def test_gradients(with_model):
    assert model.gradients(with_model()).verdict == OK
    assert model.gradients(with_model(ZeroGate())).verdict == OK
    dead = keras.layers.Dense(8, "relu", name="dead",
                              bias_initializer=keras.initializers.Constant(-99.0))  # fmt: skip
    idle = model.gradients(with_model(dead))
    assert idle.verdict == FAIL and "dead/kernel" in idle.text and "never" in idle.text
    broken = model.gradients(with_model(keras.layers.Dense(8, name="first"), Root()))
    assert broken.verdict == FAIL and "first/kernel" in broken.text


def test_one_batch_that_is_learned_by_heart(with_model):
    found = training.overfit(with_model(keras.layers.Dense(32, "relu")))
    assert found.verdict == OK and "accuracy 1.00" in found.text


def test_one_batch_that_the_recipes_rate_does_not_learn(with_model):
    subject = with_model(keras.layers.Dense(32, "relu"), optimizer=keras.optimizers.SGD(1e-9))
    subject.recipe = subject.recipe.replace(**{"optimizer.learning_rate": 1e-9})
    found = training.overfit(subject)
    assert found.verdict == WARNING and "dlkit lr-find local/tiny --dataset digits" in found.fix
    assert isinstance(subject.model.optimizer, keras.optimizers.SGD)


def test_one_batch_that_nothing_learns(with_model):
    blind = with_model(keras.layers.Lambda(lambda x: 0.0 * x))
    assert training.overfit(blind).verdict == FAIL


def test_the_time_of_the_whole_recipe(run, monkeypatch):
    monkeypatch.setattr(training, "TIMED", 0.2)
    subject = Subject(run)
    assert "all 2 epochs take about" in training.speed(subject).text
    subject.recipe = subject.recipe.replace(max_time=1e-3)
    found = training.speed(subject)
    assert found.verdict == WARNING and "max_time" in found.text


@pytest.mark.parametrize("settings", [
    {"limit_batches": 4},
    {"limit_batches": 4, "steps_per_execution": 4},
    {"limit_batches": 1, "epochs": 8},
])  # fmt: skip
def test_the_time_is_that_of_the_steps_there_are(tmp_path, recipe, monkeypatch, settings):
    """The first step takes 10 s, each other one 1 s."""
    recipe = recipe.replace(**settings)
    looked_at = Subject(dlkit.Run(tmp_path / "r", recipe))
    clock = itertools.chain([0.0], itertools.count(10.0))
    time = types.SimpleNamespace(perf_counter=lambda: next(clock))
    monkeypatch.setattr(training, "time", time)
    batches = recipe.epochs * recipe.limit_batches
    expected = 10 + batches - 1 + batches / 3  # a batch that is judged takes a third
    found = training.speed(looked_at).text
    assert found.startswith("1.0 a second, 32 examples; the first takes 10.0 s")
    assert found.endswith(f" {round(expected)} s")
    assert looked_at.model.steps_per_execution == recipe.steps_per_execution


def test_where_no_checkpoint_can_be_written(run, monkeypatch):
    subject = Subject(run)
    assert disk.checkpoint(subject).verdict == OK
    usage = disk.shutil.disk_usage(run.folder.parents[1])
    for free, verdict in ((1000, FAIL), (10**5, WARNING)):
        monkeypatch.setattr(disk.shutil, "disk_usage", lambda _, free=free: usage._replace(
            free=free))  # fmt: skip
        assert disk.checkpoint(subject).verdict == verdict

    def refused(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write", refused)
    found = disk.checkpoint(subject)
    assert found.verdict == FAIL and "No space left" in found.text and "--run" in found.fix


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lenet5", "resnet20"])
def test_our_own_recipes_pass(tmp_path, name):
    run = dlkit.Run(tmp_path / "r", dlkit.Recipe.load(name, "digits"))
    assert {finding.verdict for finding in checks.run(run)} == {OK}
