"""Checkpoints: everything is in them, and a ruined one is told and passed over."""

import logging

import keras
import numpy as np
import pytest

from dlkit.train import atomic, checkpoint, state
from dlkit.train.folders import RunError


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    made = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )
    inner = keras.optimizers.AdamW(use_ema=True, gradient_accumulation_steps=2)
    made.compile(keras.optimizers.LossScaleOptimizer(inner), "mse", metrics=["mae"])
    made.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, verbose=0)
    return made


@pytest.fixture
def folder(tmp_path, model):
    """Two checkpoints and a best one."""
    facts = {"step": 3, "epochs_done": 1, "best": None, "history": [{"epoch": 1, "loss": 0.5}]}
    checkpoint.write(tmp_path / "best", facts, model=model)
    checkpoint.write(tmp_path / "last", facts, arrays=state.capture(model), keep=tmp_path / "prev")
    facts = {**facts, "step": 4}
    checkpoint.write(tmp_path / "last", facts, arrays=state.capture(model), keep=tmp_path / "prev")
    return tmp_path


def test_every_variable_comes_back(model, folder):
    digest = state.digest(model)
    for v in [*model.variables, *model.optimizer.variables, *model.metrics_variables]:
        v.assign(keras.ops.cast(keras.ops.ones_like(v) * 7, v.dtype))
    assert state.digest(model) != digest
    state.restore(model, checkpoint.newest(folder))
    assert state.digest(model) == digest


def test_other_values_for_a_while(model):
    before, digest = state.capture(model), state.digest(model)
    key = next(iter(before))
    zeros = {**before, key: np.zeros_like(before[key])}
    negative = {**before, key: -zeros[key]}  # equal numbers, other bits
    with state.values(model, zeros):
        inside = state.digest(model)
        with state.values(model, negative):
            assert state.capture(model)[key].tobytes() == negative[key].tobytes()
            assert state.digest(model) != inside
        assert state.digest(model) == inside != digest
    assert state.digest(model) == digest


def test_the_seed_and_the_moving_averages_are_among_them(model):
    paths = [v.path for v in state.variables(model).values()]
    for part in ("seed_generator_state", "average", "gradient_accumulator", "velocity",
                 "dynamic_scale", "mean_absolute_error/total"):  # fmt: skip
        assert any(part in path for path in paths), part


def test_bfloat16_goes_through_a_file(tmp_path):
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])
    made.compile("sgd", "mse")
    checkpoint.write(tmp_path / "last", {}, arrays=state.capture(made))
    digest = state.digest(made)
    made.layers[0].kernel.assign(made.layers[0].kernel * 2)
    state.restore(made, checkpoint.read(tmp_path / "last"))
    assert state.digest(made) == digest


def test_another_models_checkpoint_changes_nothing(model, folder):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5), keras.layers.Dense(1)])
    other.compile("adam", "mse")
    before = other.get_weights()
    with pytest.raises(RunError, match=r"kernel has shape \(3, 5\).*has shape \(3, 4\)") as found:
        state.restore(other, checkpoint.newest(folder))
    assert str(folder / "last") in str(found.value)
    for old, now in zip(before, other.get_weights(), strict=True):
        assert np.array_equal(old, now)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "flipped bit": lambda last: flip(last / "state.npz"),
    "cut short": lambda last: (last / "state.npz").write_bytes(b"PK\3\4"),
    "emptied": lambda last: (last / "state.npz").write_bytes(b""),
    "lost": lambda last: (last / "state.npz").unlink(),
    "no facts": lambda last: (last / "state.json").unlink(),
    "facts cut short": lambda last: (last / "state.json").write_text('{"format": 1, "sha'),
    "facts of a list": lambda last: (last / "state.json").write_text("[1]"),
    "facts of a later dlkit": lambda last: (last / "state.json").write_text('{"format": 99}'),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_prev_is_taken_where_last_is_ruined(folder, caplog, name):
    DAMAGES[name](folder / "last")
    with caplog.at_level(logging.WARNING):
        found = checkpoint.newest(folder)
    assert (found.path.name, found.step) == ("prev", 3)
    assert str(folder / "last") in caplog.text and "Going on from" in caplog.text


def test_best_is_taken_where_both_are_ruined_and_then_nothing(folder, caplog):
    for name in ("last", "prev"):
        flip(folder / name / "state.npz")
    with caplog.at_level(logging.WARNING):
        assert checkpoint.newest(folder).path.name == "best"
    assert caplog.text.count("SHA-256 differs") == 2
    flip(folder / "best" / "model.keras")
    with pytest.raises(RunError, match=r"no checkpoint .* can be read") as found:
        checkpoint.newest(folder)
    assert str(found.value).count("SHA-256 differs") == 3


def test_nothing_was_ever_saved(tmp_path):
    assert checkpoint.newest(tmp_path) is None


def test_what_a_killed_process_left_is_cleared_up(folder):
    (folder / ".last.x.tmp").mkdir()
    (folder / ".prev.old").mkdir()
    (folder / "best").rename(folder / ".best.old")
    assert checkpoint.read(atomic.standing(folder / "best")).step == 3
    atomic.recover(folder, *checkpoint.NAMES)
    assert {path.name for path in folder.iterdir()} == {"last", "prev", "best"}
    assert checkpoint.read(folder / "best").step == 3
