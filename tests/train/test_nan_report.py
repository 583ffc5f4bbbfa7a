"""A training that diverges is ended at its step, and the cause is named."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.registry.errors import DlkitError
from dlkit.train import checkpoint, state
from dlkit.train.callbacks import Checkpoints, Status
from dlkit.train.callbacks.nan_report import NaNReport
from dlkit.train.nan import Diverged
from tests.train import decoy_faults, faults, later_faults
from tests.train.faults import diverged

LEAST = 0.95  # of the causes have to be named right


def by_name(name):
    return next(fault for fault in faults.FAULTS if fault.name == name).inject()


def on_stream(made, report, *callbacks, epochs=3):
    stream = faults.as_stream(made)
    return made.model.fit(
        stream.dataset(0, epochs), epochs=epochs, steps_per_epoch=stream.steps_per_epoch,
        verbose=0, shuffle=False, callbacks=[report(stream), *callbacks],
    )  # fmt: skip


def score(table, train):
    """Trains with every fault; says which causes are named otherwise than the table has it."""
    wrong = []
    for fault in table:
        try:
            train(fault.inject())
            told = "nothing"
        except Diverged as error:
            told = f"{error.cause.kind}: {error.cause}"
            words = all(word.lower() in told.lower() for word in fault.words)
            if words and error.cause.kind == fault.kind:
                continue
        wrong.append(f"{fault.name}: expected {fault.kind} {fault.words}, got {told}")
    right = len(table) - len(wrong)
    print(f"named right: {right} of {len(table)}", *wrong, sep="\n  ")
    assert right >= LEAST * len(table), wrong


def test_the_causes_under_plain_fit(tmp_path):
    score(faults.FAULTS, lambda made: made.fit(NaNReport(tmp_path / "nan")))


@pytest.mark.slow
def test_the_causes_on_a_stream(tmp_path):
    def train(made):
        on_stream(made, lambda stream: NaNReport(tmp_path / "nan", stream))

    score(faults.FAULTS, train)


@pytest.mark.slow
def test_the_causes_of_a_second_table(tmp_path):
    score(later_faults.FAULTS, lambda made: made.fit(NaNReport(tmp_path / "nan")))


@pytest.mark.slow
def test_what_does_no_harm_is_not_blamed(tmp_path):
    score(decoy_faults.FAULTS, lambda made: made.fit(NaNReport(tmp_path / "nan")))


def test_what_is_written(tmp_path):
    made = by_name("pixels of 1e38")
    error = diverged(made, NaNReport(tmp_path / "nan"))
    assert isinstance(error, DlkitError) and error.exit_code == 3
    assert f"See {tmp_path / 'nan' / 'report.txt'}" in str(error) and error.fix in str(error)
    assert {path.name for path in (tmp_path / "nan").iterdir()} == {
        "report.json", "report.txt", "batch.npz"
    }  # fmt: skip
    facts = json.loads((tmp_path / "nan" / "report.json").read_text())
    assert (facts["kind"], facts["where"], facts["exact"]) == ("input", "x", True)
    assert facts["cause_step"] < facts["step"] == len(facts["steps"]) - 1
    weights = [step["largest_weight"] for step in facts["steps"]]
    assert weights[facts["cause_step"]] > 1e30
    text = (tmp_path / "nan" / "report.txt").read_text()
    assert text.startswith(f"{error.cause}.\nWhat to do: {error.fix}.\n")
    assert "first (Dense" not in text and "first/kernel" not in text.splitlines()[0]
    with np.load(tmp_path / "nan" / "batch.npz", allow_pickle=False) as batch:
        assert np.abs(batch["x"]).max() > 1e37 and batch["x"].shape == (8, 6)
        assert batch["y"].shape == (8,)


def test_the_model_is_left_as_it_was_before_the_step(tmp_path):
    made = by_name("nan in the input")
    diverged(made, NaNReport(tmp_path / "nan"))
    step = json.loads((tmp_path / "nan" / "report.json").read_text())["step"]
    assert step > 0
    again = by_name("nan in the input")
    stop = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: setattr(
            again.model, "stop_training", batch + 1 >= step
        )
    )
    again.fit(stop, epochs=1)
    for left, reached in zip(made.model.get_weights(), again.model.get_weights(), strict=True):
        assert np.array_equal(left, reached)
    made.x[40] = 0.0  # mended, it can be trained
    assert np.isfinite(made.fit(NaNReport(tmp_path / "nan")).history["loss"][-1])


def test_what_is_said_of_a_target(tmp_path):
    error = diverged(by_name("nan in a target"), NaNReport(tmp_path / "nan"))
    assert "after 1 step, in epoch 1" in str(error) and "class" not in error.fix


def test_a_sound_training_comes_out_the_same_to_the_bit(tmp_path):
    digests = set()
    for kind in ("bare", "kept", "stream"):
        made = faults.training(keras.layers.Dropout(0.3, seed=1), optimizer="adam")
        if kind == "bare":
            on_stream(made, lambda stream: keras.callbacks.Callback())
        elif kind == "kept":
            on_stream(made, lambda stream: NaNReport(tmp_path / "nan"))
        else:
            on_stream(made, lambda stream: NaNReport(tmp_path / "nan", stream))
        assert not hasattr(made.model.train_function, "of")
        digests.add(state.digest(made.model))
    assert len(digests) == 1 and not (tmp_path / "nan").exists()


def test_checkpoints_are_kept_and_the_status_is_told(tmp_path):
    made = by_name("nan in the input")
    stream = faults.as_stream(made)
    kept = Checkpoints(tmp_path / "ckpt", every="1steps", steps_per_epoch=stream.steps_per_epoch)
    status = Status(tmp_path / "state.json", kept, {})
    report = NaNReport(tmp_path / "nan", stream, status=status)
    with pytest.raises(Diverged):
        on_stream(made, lambda _: report, kept, status)
    assert json.loads((tmp_path / "state.json").read_text())["status"] == "diverged"
    step = json.loads((tmp_path / "nan" / "report.json").read_text())["step"]
    assert checkpoint.newest(tmp_path / "ckpt").step in (step, step + 1)


def test_it_goes_on_counting_where_a_run_goes_on(tmp_path):
    made = by_name("nan in the input")
    stream = faults.as_stream(made)
    report = NaNReport(tmp_path / "nan", stream, first_step=2)
    with pytest.raises(Diverged):
        made.model.fit(
            stream.dataset(2, 3), epochs=3, steps_per_epoch=stream.steps_per_epoch, verbose=0,
            shuffle=False, callbacks=[report],
        )  # fmt: skip
    facts = json.loads((tmp_path / "nan" / "report.json").read_text())
    assert facts["step"] == 5 and facts["exact"]  # row 40 is in the sixth batch of eight
    assert "row 0 of the batch (row 40 of the data)" in facts["what"]


def test_several_steps_an_execution(tmp_path):
    made = by_name("nan in a target")
    made.model.compile("sgd", "mse", steps_per_execution=3)
    with pytest.raises(Diverged) as caught:
        on_stream(made, lambda stream: NaNReport(tmp_path / "nan", stream))
    facts = json.loads((tmp_path / "nan" / "report.json").read_text())
    assert caught.value.cause.kind == "label" and facts["step"] == 3 and facts["exact"]
    assert made.model.steps_per_execution == 3


@pytest.mark.parametrize("row, step", [(1, 0), (20, 2)])
def test_an_error_in_one_of_several_steps_an_execution(tmp_path, row, step):
    made = faults.spoiled("y", row, 9)
    made.model.compile("sgd", "sparse_categorical_crossentropy", steps_per_execution=3)
    with pytest.raises(Diverged) as caught:
        on_stream(made, lambda stream: NaNReport(tmp_path / "nan", stream))
    facts = json.loads((tmp_path / "nan" / "report.json").read_text())
    assert caught.value.cause.kind == "label" and f"row {row} of the data" in facts["what"]
    assert facts["step"] == step and facts["exact"]
    assert f"after {step} steps" in str(caught.value)


def test_batches_that_are_not_known_are_said_so(tmp_path):
    made = by_name("nan in a target")
    made.model.compile("sgd", "mse", steps_per_execution=3)
    assert "steps_per_execution" in diverged(made, NaNReport(tmp_path / "nan")).fix


def test_a_loss_scale_that_gives_up(tmp_path):
    """float16's optimizer leaves out steps without finite gradients: the loss stays finite."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        made = faults.training(faults.Formula(lambda x: tf.where(x > 0, tf.math.log(x), 0), "log"))
    finally:
        keras.config.set_dtype_policy("float32")
    error = diverged(made, NaNReport(tmp_path / "nan"), epochs=9)
    assert error.cause.kind == "gradient" and error.cause.where == "log"


@pytest.mark.parametrize("ends_early", (False, True))
def test_ruined_weights_behind_a_finite_loss_are_seen_by_the_end(tmp_path, ends_early):
    made = by_name("gradient behind a where")
    losses = made.fit(epochs=2).history["loss"]
    assert np.isfinite(losses).all()
    assert not np.isfinite(made.model.get_weights()[0]).all()
    made = by_name("gradient behind a where")
    stop = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: setattr(made.model, "stop_training", ends_early)
    )
    assert "in epoch 1" in str(diverged(made, NaNReport(tmp_path / "nan"), stop))


def test_a_mask_among_the_weights_is_no_fault(tmp_path):
    class Masked(keras.layers.Layer):
        def build(self, shape):
            self.mask = self.add_weight(shape=(8,), initializer=faults.constant(-np.inf),
                                        trainable=False)  # fmt: skip

        def call(self, x):
            return x + keras.ops.exp(self.mask)

    made = faults.training(Masked())
    assert np.isfinite(made.fit(NaNReport(tmp_path / "nan")).history["loss"][-1])


def test_errors_that_are_none_of_ours_pass(tmp_path):
    made = faults.training()
    data = tf.data.Dataset.from_tensor_slices((made.x, made.y)).batch(8)

    def refuse(x, y):
        tf.debugging.assert_less(tf.reduce_max(x), -99.0, "no such pixels")
        return x, y

    with pytest.raises(tf.errors.InvalidArgumentError, match="no such pixels"):
        made.model.fit(data.map(refuse), verbose=0, callbacks=[NaNReport(tmp_path / "nan")])
    assert not (tmp_path / "nan").exists()
