"""Several devices and several workers, held against one."""

import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.registry.errors import DlkitError, UsageError
from dlkit.train import (
    checkpoint,
    cluster,
    dist,
    keras_shim,
    refusals,
    replicas,
    votes,
    worker,
    worker_state,
)
from dlkit.train.folders import RunError

WORKER = pathlib.Path(__file__).with_name("parity_worker.py")


def start(out, *words, **environ):
    out.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, WORKER, out, *words],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(*processes):
    for process in processes:
        told, _ = process.communicate(timeout=280)
        assert process.returncode == 0, told[-3000:]


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """What the script found on one device, on two of this machine, and of the shim alone."""
    out = tmp_path_factory.mktemp("mirrored")
    end(start(out, "cpu:2", "one", "restore", "check", "parts", "alone"))
    return {"out": out} | {file.stem: np.load(file) for file in out.glob("*.npz")}


@pytest.fixture(scope="module")
def workers(tmp_path_factory, mirrored):
    """What each of two workers found, who also joined the run that was begun alone."""
    out = tmp_path_factory.mktemp("workers")
    shutil.copytree(mirrored["out"] / "run", out / "run")
    end(*(start(out, "workers", "join", **own) for own in worker.environments(2)))
    return {"out": out} | {file.stem: np.load(file) for file in out.glob("*.npz")}


def assert_parity(found, one):
    assert len(one["fit_loss"]) == 50
    for name in one:
        if name.startswith("predict"):
            np.testing.assert_allclose(found[name], one[name], rtol=0, atol=1e-6, err_msg=name)
        else:
            np.testing.assert_allclose(found[name], one[name], rtol=1e-5, err_msg=name)


def test_two_devices_give_the_figures_of_one(mirrored):
    assert_parity(mirrored["cpu-2"], mirrored["one"])


def test_two_workers_give_the_figures_of_one(workers, mirrored):
    for name in ("workers", "workers-1"):
        assert_parity(workers[name], mirrored["one"])


def test_no_replica_is_without_rows(mirrored):
    assert mirrored["parts"]["3"].tolist() == [[3, 3, 3], [1, 1, 2]]
    assert mirrored["parts"]["8"].tolist() == [[1, 2, 1, 2, 2, 1, 2, 2]]


def test_workers_join_a_run_of_one_checkpoint_with_its_weights_and_seeds_of_their_own(workers):
    chief, other = workers["join"], workers["join-1"]
    assert chief["epochs_done"] == other["epochs_done"] == 1
    (seed,) = [name for name in chief if replicas.SEED in name]
    assert (other[seed] - chief[seed]).tolist() == [1, 0]
    for name in set(chief) - {seed}:
        assert np.array_equal(chief[name], other[name]), name
    for place in ("last", "worker-1/last"):
        saved = checkpoint.read(workers["out"] / "run" / "ckpt" / place)
        assert (saved.step, saved.workers) == (6, 2)


def test_what_differs_from_replica_to_replica_is_kept(mirrored):
    found = mirrored["restore"]
    assert any(key.startswith("metrics/") for key in found["differ"])
    assert any(key.startswith("model/") for key in found["differ"])  # the seed of the dropout
    assert found["equal"] and found["moved"]


def test_the_shims_own_test_finds_a_part_that_is_missing(mirrored):
    assert "trains wrongly on 2 replicas: w is" in str(mirrored["check"]["without"])


def test_an_unknown_keras(monkeypatch):
    assert keras_shim.is_tested()
    monkeypatch.setattr(keras, "__version__", "4.0.0")
    assert not keras_shim.is_tested()
    monkeypatch.setattr(keras_shim, "_MODEL", ("make_train_function", "no_such_method"))
    with pytest.raises(DlkitError, match=r"does not know Keras 4\.0\.0: it has no no_such_method"):
        keras_shim.is_tested()


def compiled(**options):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **options})
    return model


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jit_compile": True}, r"jit_compile=True does not work .*keras#20763, #21366"),
        ({"steps_per_execution": 2}, r"steps_per_execution above 1 .*keras#19246"),
        (
            {"optimizer": keras.optimizers.SGD(gradient_accumulation_steps=4)},
            r"gradient accumulation .*keras#20582",
        ),
        ({"loss": keras.losses.MeanSquaredError(reduction="sum")}, "no mean over the batch"),
    ],
)
def test_refusals_come_before_training(options, message):
    with pytest.raises(DlkitError, match=message):
        refusals.check(compiled(**options))


class OneNumber(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred))


@pytest.mark.parametrize("loss", [OneNumber(), OneNumber().call, {"out": OneNumber()}])
def test_a_loss_that_is_one_number_is_refused_once_the_batch_is_known(loss):
    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.Dense(1, name="out")(x))
    model.compile("sgd", loss)
    keras_shim.attach(model)
    x, y = np.ones((4, 2)), np.ones((4, 1))
    for begin in (model.evaluate, model.fit, model.fit):
        with pytest.raises(DlkitError, match=r"one number for all rows.*\n.*one value a row"):
            begin(x, y, verbose=0)


def test_a_loss_that_is_a_value_a_row_is_left_as_it_was():
    loss = keras.losses.MeanSquaredError()
    model = compiled(loss=loss)
    keras_shim.attach(model)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), shuffle=False, verbose=0)
    assert "call" not in vars(loss)


def test_what_is_not_refused_and_one_replica_stays_as_it_is():
    model = compiled()
    refusals.check(model)
    before = model.make_train_function
    dist.prepare(model)
    assert model.make_train_function == before


@pytest.mark.parametrize("devices", ["two", "gpu", "cpu:0", "0", "-1", "gpu:0,", 1.5])
def test_words_that_name_no_devices(devices):
    with pytest.raises(UsageError, match=r"As in: 2, gpu:0,1 or cpu:2"):
        dist.strategy(devices)


def test_devices_that_are_not_there():
    gpus = len(tf.config.list_physical_devices("GPU"))
    with pytest.raises(DlkitError, match=rf"no GPU {gpus}; TensorFlow sees {gpus}"):
        dist.strategy(f"gpu:{gpus}")


@pytest.mark.parametrize("devices", [None, 1, "1", ""])
def test_one_device_is_tensorflows_default(devices):
    assert dist.strategy(devices) is tf.distribute.get_strategy()


JOBS = {"worker": ["localhost:1", "localhost:2"]}
TWO = {"cluster": JOBS, "task": {"type": "worker", "index": 1}}


def test_too_late(monkeypatch):
    tf.constant(1.0) + 1  # TensorFlow is at work
    with pytest.raises(DlkitError, match="at work already"):
        dist.strategy("cpu:64")
    monkeypatch.setenv("TF_CONFIG", json.dumps(TWO))
    with pytest.raises(DlkitError, match="cannot join 2 workers"):
        dist.strategy()
    with pytest.raises(UsageError, match="CUDA_VISIBLE_DEVICES"):
        dist.strategy("gpu:0")


def config(jobs, kind="worker", index=0):
    return {"TF_CONFIG": json.dumps({"cluster": jobs, "task": {"type": kind, "index": index}})}


SLURM = {
    "SLURM_STEP_NUM_TASKS": "5",
    "SLURM_STEP_NODELIST": "n[9-10],gpu4",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
    "SLURM_PROCID": "3",
    "SLURM_JOB_ID": "40007",
}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, cluster.Cluster()),
        (config({"worker": ["a:1"]}), cluster.Cluster()),
        (config({"worker": ["a:1", "b:2"]}, index=1), cluster.Cluster(("a:1", "b:2"), 1)),
        (
            config({"chief": ["c:0"], "worker": ["a:1", "b:2"]}, index=1),
            cluster.Cluster(("c:0", "a:1", "b:2"), 2),
        ),
        (config({"chief": ["c:0"], "worker": ["a:1"]}, "chief"), cluster.Cluster(("c:0", "a:1"))),
        ({"SLURM_STEP_NUM_TASKS": "1"}, cluster.Cluster()),
        (
            SLURM,
            cluster.Cluster(("n9:20007", "n9:20008", "n10:20007", "n10:20008", "gpu4:20007"), 3),
        ),
    ],
)
def test_the_workers_of_an_environment(environ, expected):
    found = cluster.current(environ)
    assert found == expected
    assert found.is_chief == (expected.index == 0)


@pytest.mark.parametrize(
    "environ",
    [
        {"TF_CONFIG": "{"},
        {"TF_CONFIG": "[]"},
        config({"worker": ["a:1", "b:2"], "ps": ["c:3"]}),
        config({"worker": ["a:1", "b:2"]}, "evaluator"),
        config({"worker": ["a:1", "b:2"]}, index=2),
        {**SLURM, "SLURM_STEP_TASKS_PER_NODE": "2"},
        {**SLURM, "SLURM_STEP_TASKS_PER_NODE": "two"},
        {**SLURM, "SLURM_PROCID": "5"},
        {"SLURM_STEP_NUM_TASKS": "5"},
    ],
)
def test_an_environment_that_cannot_be(environ):
    with pytest.raises(UsageError, match=r"(TF_CONFIG|SLURM's environment) cannot be used"):
        cluster.current(environ)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ["a"]),
        ("n[1-3]", ["n1", "n2", "n3"]),
        ("n[08-10,12],gpu4", ["n08", "n09", "n10", "n12", "gpu4"]),
        ("r[1-2]-ib,x", ["r1-ib", "r2-ib", "x"]),
    ],
)
def test_slurms_lists_of_nodes(text, names):
    assert cluster.hosts(text) == names


def test_a_vote_is_carried_in_the_same_step_by_all():
    one, other = votes.Votes(shared=True), votes.Votes(shared=True)

    def step():
        total = one.ballot() + other.ballot()
        one.count(total)
        other.count(total)

    step()
    assert not one.together("save", True)  # only voted for
    assert not other.together("save", False)
    step()
    assert one.together("save", True) and other.together("save", False)
    step()  # what was carried needs a new vote
    assert not one.together("save", False) and not other.together("save", False)


def test_alone_a_vote_is_carried_at_once():
    model = compiled()
    assert votes.of(model).together("SIGTERM", True)
    assert not votes.of(model).together("SIGTERM", False)


def having(*workers):
    """What workers have; each of theirs is {step: how many saved it}, and how many are ruined."""
    pairs = [one if isinstance(one, tuple) else (one, 0) for one in workers]
    return [worker_state.Having(makers, len(makers) + ruined) for makers, ruined in pairs]


@pytest.mark.parametrize(
    ("workers", "agreed"),
    [
        (having({20: 2, 10: 2}, {20: 2, 10: 2}), (20, 2)),
        (having({20: 2, 10: 2}, {10: 2, 5: 2}), (10, 2)),  # killed before its save of step 20
        (having({20: 2, 10: 2}, {10: 2}), (10, 2)),
        (having({}, {}), None),
        (having({10: 2}, {}), None),  # killed in the very first save
        (having(({10: 2}, 1), {}), (10, 2)),  # lost its checkpoints, and the chief one of two
        (having({10: 3}, {10: 3}, {}), None),
        (having({10: 1}, {}), (10, 1)),  # a worker that joins
        (having({10: 2}, {10: 2}, {}), (10, 2)),
        (having({90: 2, 80: 2}, {20: 2, 10: 2}), (90, 2)),  # one that was away
        (having({300: 1, 200: 2}, {200: 2, 190: 2}), (300, 1)),  # the chief went on alone
        (having({350: 2, 300: 1}, {200: 2}), (300, 1)),  # joined, and killed before its save
        (having({200: 1}, {200: 2}), (200, 1)),
        (having({200: 3}, {200: 3}), (200, 3)),  # a third one is gone
    ],
)
def test_the_newest_step_of_all_workers(tmp_path, workers, agreed):
    assert worker_state._agreed(tmp_path, workers) == agreed


def test_a_chief_without_checkpoints(tmp_path):
    with pytest.raises(RunError, match="by its first worker"):
        worker_state._agreed(tmp_path / "ckpt", having({}, {10: 2}))


def save(ckpt, workers):
    arrays = {"model/0": [1.0], "model/0@1": [2.0], "metrics/0": [3.0], "metrics/0@1": [4.0]}
    facts = {"step": 7, "epochs_done": 0, "workers": workers}
    checkpoint.write(ckpt / "last", facts, arrays={k: np.array(v) for k, v in arrays.items()})


def test_a_worker_that_joins_has_no_sums_of_metrics(tmp_path):
    save(tmp_path, workers=1)
    found = worker_state._borrowed(tmp_path, step=7).arrays
    assert {key: value.tolist() for key, value in found.items()} == {
        "model/0": [1.0], "metrics/0": [0.0]
    }  # fmt: skip


@pytest.mark.parametrize("workers", [1, 2])
def test_who_goes_on_alone_is_told_of_the_others_metrics(tmp_path, caplog, workers):
    save(tmp_path, workers)
    with caplog.at_level(logging.WARNING):
        assert worker_state.newest(tmp_path, tf.distribute.get_strategy()).step == 7
    assert ("2 workers saved this run, and 1 goes on" in caplog.text) == (workers == 2)
