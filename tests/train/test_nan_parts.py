"""What the NaN report is made of: the watched step, the copies, the questions, the rows."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.train.callbacks.nan_report import NaNReport
from dlkit.train.nan import Diverged, batches, copies, questions, rewind, rows, watch
from dlkit.train.nan.moment import Moment
from tests.train import decoy_faults, faults
from tests.train.faults import diverged


class Recurrent(keras.layers.Layer):
    """Hands its mask on to a layer inside."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True
        self.inner = keras.layers.LSTM(4, return_sequences=True)

    def call(self, x):
        return self.inner(x)


class Padded(keras.layers.Layer):
    """Makes a ragged tensor a dense one."""

    def call(self, x):
        return x.to_tensor(shape=(None, 3))

    def compute_output_shape(self, shape):
        return shape[0], 3


class Lists:
    """A stream of ragged rows: 3 numbers in the first, 1 in the next, 2 in the third, and again."""

    def __init__(self, bad):
        self.rows = [[float(row)] * [3, 1, 2][row % 3] for row in range(12)]
        self.rows[bad] = [float("nan")] * 2

    def dataset(self, start_step=0, epochs=1):
        data = (tf.ragged.constant(self.rows), np.ones((12, 1), "float32"))
        return tf.data.Dataset.from_tensor_slices(data).batch(4).repeat(epochs).skip(start_step)

    def rows_of(self, step):
        return 4 * (step % 3) + np.arange(4)


def test_a_watched_step_keeps_the_masks_of_keras():
    keras.utils.set_random_seed(0)
    words = keras.Input((5,), dtype="int32")
    h = Recurrent()(keras.layers.Embedding(20, 4, mask_zero=True)(words))
    model = keras.Model(words, keras.layers.Dense(3, activation="softmax")(h))
    model.compile("sgd", "sparse_categorical_crossentropy")
    draw = np.random.default_rng(0)
    x, y = draw.integers(1, 19, (8, 5)), draw.integers(0, 3, (8, 5))
    x[:, 2:] = 0
    x, y = tf.constant(x), tf.constant(y)
    moment = Moment(model, 0, (x, y), True, copies.take(model), {}, [], [])
    seen = watch.step(moment, tape=True)
    assert seen.error is None
    assert float(seen.loss) == float(model.compute_loss(x, y, model(x, training=True)))


def test_a_question_that_fails_does_not_silence_the_others(tmp_path, monkeypatch):
    def fails(moment, seen):
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(questions, "QUESTIONS", (fails, *questions.QUESTIONS))
    made = faults.spoiled("x", 3, np.nan)
    assert diverged(made, NaNReport(tmp_path / "nan")).cause.kind == "input"
    monkeypatch.setattr(questions, "QUESTIONS", (fails,))
    with pytest.raises(Diverged, match="ZeroDivisionError: of all things"):
        faults.spoiled("x", 3, np.nan).fit(NaNReport(tmp_path / "nan"))


def test_of_the_copies_only_one_is_alive(monkeypatch):
    model, alive = faults.training().model, []
    found = rewind.Rewind(model, batches.Kept(0, 1e6))
    take = copies.take

    def taken(model):
        alive.append(found.values)
        return take(model)

    monkeypatch.setattr(copies, "take", taken)
    found.mark(0)
    found.mark(1)
    assert alive == [None, None] and found.values is not None


def test_a_look_takes_no_copy_and_sees_what_is_ruined():
    model = faults.training().model
    found = rewind.Rewind(model, batches.Kept(0, 1e6))
    found.mark(0, copy=False)  # the first is taken all the same
    kept = found.values
    assert kept is not None and found.mark(5, copy=False) == []
    assert found.values is kept and found.step == 0
    kernel = model.layers[1].kernel
    kernel.assign(kernel * np.nan)
    assert found.mark(6, copy=False) == [kernel.path]


def test_a_short_epoch_costs_no_copy(tmp_path, monkeypatch):
    taken, take = [], copies.take
    monkeypatch.setattr(copies, "take", lambda model: taken.append(0) or take(model))
    monkeypatch.setattr(rewind.Rewind, "due", lambda self: self.values is None)
    faults.training().fit(NaNReport(tmp_path / "nan"))
    assert len(taken) == 1


def test_a_short_epoch_costs_no_look(tmp_path, monkeypatch):
    looked, mark = [], rewind.Rewind.mark

    def noted(self, step, copy=True):
        looked.append(step)
        return mark(self, step, copy)

    monkeypatch.setattr(rewind.Rewind, "mark", noted)
    monkeypatch.setattr(rewind.Rewind, "due", lambda self: self.values is None)
    made = faults.training()
    made.fit(NaNReport(tmp_path / "nan"))
    assert looked == [0, made.model.optimizer.iterations]


def test_a_row_of_a_ragged_batch_is_named(tmp_path):
    keras.utils.set_random_seed(0)
    lists = keras.Input((None,), ragged=True)
    model = keras.Model(lists, keras.layers.Dense(1)(Padded()(lists)))
    model.compile(keras.optimizers.SGD(1e-4), "mse")
    stream = Lists(bad=7)
    with pytest.raises(Diverged) as caught:
        model.fit(
            stream.dataset(), epochs=1, steps_per_epoch=3, verbose=0, shuffle=False,
            callbacks=[NaNReport(tmp_path / "nan", stream)],
        )  # fmt: skip
    assert "nan in row 3 of the batch (row 7 of the data)" in str(caught.value)


def test_rows_of_sparse_and_of_nested_ragged_values():
    sparse = tf.sparse.from_dense([[0, 1], [0, 0], [2, 3]])
    assert rows.of(sparse, np.array([1, 2])).tolist() == [2]
    ragged = tf.ragged.constant([[[1.0], [2.0, 3.0]], [], [[4.0]]])
    assert rows.of(ragged, np.array([2, 3])).tolist() == [0, 2]


def test_a_batch_without_rows_keeps_its_size():
    x, y = tf.constant([1.0, np.nan, 3.0]), tf.constant([1, 2, 3])
    left = rows.without((x, y), x, np.array([1]))
    assert left[0].numpy().tolist() == [1.0, 1.0, 3.0] and left[1].numpy().tolist() == [1, 1, 3]
    tamed = rows.without((x, y), x, np.arange(3))
    assert tamed[0].numpy() == pytest.approx([1 / 3, 0.0, 1.0]) and tamed[1] is y


@pytest.mark.parametrize("kind", ["adagrad", "nadam", "mixed_float16"])
def test_the_optimizer_is_left_as_it_began_where_the_first_step_fails(tmp_path, kind):
    keras.config.set_dtype_policy("mixed_float16" if "float16" in kind else "float32")
    try:
        made, fresh = [faults.training(optimizer="sgd" if "float16" in kind else kind)
                       for _ in range(2)]  # fmt: skip
    finally:
        keras.config.set_dtype_policy("float32")
    fresh.model.optimizer.build(fresh.model.trainable_variables)
    faults.spoiled("x", slice(None, None, 8), np.nan, made)
    diverged(made, NaNReport(tmp_path / "nan"), shuffle=False)
    for left, begun in zip(
        made.model.optimizer.variables, fresh.model.optimizer.variables, strict=True
    ):
        assert np.array_equal(left, begun), left.path


def test_the_rate_is_that_of_the_optimizer_which_trains(tmp_path):
    made = decoy_faults.own_step(decoy_faults.OwnStep, 1e3)
    assert "the learning rate 1e+03" in str(diverged(made, NaNReport(tmp_path / "nan")))
    assert json.loads((tmp_path / "nan" / "report.json").read_text())["learning_rate"] == 1e3


def test_a_fit_that_was_broken_off_leaves_nothing_behind(tmp_path):
    made = faults.training()
    report = NaNReport(tmp_path / "nan")

    def stop(batch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.fit(report, keras.callbacks.LambdaCallback(on_train_batch_end=stop))
    made.fit(epochs=1)
    assert len(list(report._rewind.batches.since(0))) == 1
    faults.spoiled("y", 7, 9, made)
    with pytest.raises(tf.errors.InvalidArgumentError):
        made.fit()
    assert not (tmp_path / "nan").exists()
    assert diverged(made, report).cause.kind == "label"
