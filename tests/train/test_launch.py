"""The launcher: what it does with workers that end, fail, are killed, or are told to end."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from dlkit.registry.errors import UsageError
from dlkit.train import launch, worker

HEAD = """
import json, os, pathlib, signal, sys, time
config = json.loads(os.environ.get("TF_CONFIG", '{"task": {"index": 0}}'))
index = config["task"]["index"]
life = int(sys.argv[1])
here = pathlib.Path(sys.argv[2])
"""


@pytest.fixture
def run(tmp_path):
    """Launches workers that run a script; tells the code, the lines, and the seconds."""

    def run(script, workers=2, restarts=3, show=lambda line: None, before=lambda: None):
        file = tmp_path / "worker.py"
        file.write_text(HEAD + textwrap.dedent(script))
        lines, said = [], []
        began = time.monotonic()
        mark = tmp_path / "progress"

        def command(life):
            before()
            return [sys.executable, str(file), str(life), str(tmp_path)]

        code = launch.launch(
            command,
            workers,
            logs=tmp_path / "logs",
            progress=lambda: mark.read_text() if mark.exists() else None,
            restarts=restarts,
            show=lambda line: (lines.append(line), show(line)),
            say=said.append,
        )
        run.seconds = time.monotonic() - began
        return code, sorted(lines), said

    return run


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(launch, "_interrupted", lambda seconds, signals: False)


def test_lines_have_their_workers_number_and_are_kept(run, tmp_path):
    code, lines, said = run("print('hello', flush=True); print('err', file=sys.stderr)")
    assert (code, said) == (0, [])
    assert lines == ["[0] err", "[0] hello", "[1] err", "[1] hello"]
    assert (tmp_path / "logs" / "worker-1.log").read_text() == "hello\nerr\n"


def test_each_worker_is_told_its_place(run):
    _, lines, _ = run("print(os.environ['TF_CONFIG'], os.environ['TF_NUM_INTRAOP_THREADS'])")
    found = [json.loads(line[4:].rpartition(" ")[0]) for line in lines]
    assert [config["task"] for config in found] == [
        {"type": "worker", "index": 0},
        {"type": "worker", "index": 1},
    ]
    assert found[0]["cluster"] == found[1]["cluster"]
    assert len(set(found[0]["cluster"]["worker"])) == 2


def test_one_worker_alone_joins_no_cluster(run):
    _, lines, _ = run("print('TF_CONFIG' in os.environ)", workers=1)
    assert lines == ["[0] False"]


def test_a_kill_starts_all_again_at_once(run):
    code, lines, said = run("""
        print("life", life, flush=True)
        if life == 0 and index == 1: os.kill(os.getpid(), signal.SIGKILL)
        if life == 0: time.sleep(60)
    """)
    assert code == 0 and run.seconds < 20
    assert lines == ["[0] life 0", "[0] life 1", "[1] life 0", "[1] life 1"]
    assert said == ["worker 1 was killed by SIGKILL. Starting all again in 1 s (1 of 3)."]


def test_the_one_that_was_killed_is_named_before_those_that_failed_for_it(run):
    code, _, said = run("""
        if index == 0: sys.exit(1)
        time.sleep(0.3); os.kill(os.getpid(), signal.SIGSEGV)
    """, restarts=0)  # fmt: skip
    assert code == 128 + signal.SIGSEGV
    assert said == ["worker 1 was killed by SIGSEGV. That was the last of 0 restarts."]


def test_a_failure_is_tried_again_only_after_progress(run):
    code, lines, said = run("print('x', flush=True); sys.exit(1)")
    assert (code, said) == (1, []) and len(lines) <= 2
    code, _, said = run("""
        if life < 2: (here / "progress").write_text(str(life))
        time.sleep(0.3); sys.exit(1)
    """)
    assert code == 1 and len(said) == 2


def test_bad_usage_is_not_tried_again(run):
    code, _, said = run("(here / 'progress').write_text(str(time.time())); sys.exit(2)")
    assert (code, said) == (2, [])


def test_restarts_come_to_an_end(run):
    code, _, said = run("os.kill(os.getpid(), signal.SIGKILL)", restarts=2)
    assert code == 137 and len(said) == 3
    assert said[-1].endswith("That was the last of 2 restarts.")


FLOOD = "signal.alarm(20); print('x' * 200_000); print('end', flush=True)"


def test_a_terminal_that_is_closed_stops_no_worker(run, tmp_path):
    def show(line):
        raise BrokenPipeError

    code, _, _ = run(FLOOD, workers=1, restarts=0, show=show)
    assert code == 0
    kept = (tmp_path / "logs" / "worker-0.log").read_text().splitlines()
    assert [len(line) for line in kept] == [200_000, 3]


def test_a_file_that_cannot_be_written_stops_no_worker(run, tmp_path):
    (tmp_path / "logs" / "worker-0.log").mkdir(parents=True)
    code, lines, _ = run(FLOOD, workers=1, restarts=0)
    assert (code, lines[0]) == (0, "[0] end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_before_there_are_workers_reaches_them(run, number):
    code, _, said = run("time.sleep(20)", before=lambda: os.kill(os.getpid(), number))
    assert (code, said) == (128 + (number if number == signal.SIGINT else signal.SIGTERM), [])
    assert run.seconds < 10


def test_two_signals_before_there_are_workers_kill_them(run):
    def twice():
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)

    assert run("time.sleep(20)", before=twice)[0] == 137


def test_a_hangup_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with launch.Signals().caught():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_worker_that_cannot_be_started_leaves_no_other_behind(run, monkeypatch):
    made = []

    def make(number, *others):
        if number == 1:
            raise OSError("no more processes")
        made.append(worker.Worker(number, *others))
        return made[0]

    monkeypatch.setattr(launch, "Worker", make)
    with pytest.raises(OSError, match="no more processes"):
        run("time.sleep(20)")
    assert made[0].process.poll() == -signal.SIGKILL


LAUNCHER = """
import sys
from dlkit.train import launch
words = [sys.executable, sys.argv[1], "0", sys.argv[2]]
sys.exit(launch.launch(lambda life: words, 2, logs=sys.argv[2], progress=lambda: 0,
                       show=lambda line: print(line, flush=True), say=print))
"""
HANDLER = """
def save(number, frame):
    time.sleep(0.3)
    print("saved", flush=True)
    sys.exit(128 + number)
signal.signal(signal.SIGTERM, save)
signal.signal(signal.SIGINT, save)
print("ready", flush=True)
time.sleep(60)
"""


def interrupted(tmp_path, handler, *numbers):
    file = tmp_path / "worker.py"
    file.write_text(HEAD + handler)
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(file), str(tmp_path)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = [process.stdout.readline() for _ in range(2)]
    assert sorted(lines) == ["[0] ready\n", "[1] ready\n"]
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.2)
    told, _ = process.communicate(timeout=30)
    return process.returncode, sorted(told.splitlines())


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)]
)
def test_a_signal_is_passed_on_once_and_waited_for(tmp_path, number, code):
    assert interrupted(tmp_path, HANDLER, number) == (code, ["[0] saved", "[1] saved"])


def test_a_second_hangup_does_not_kill(tmp_path):
    code, lines = interrupted(tmp_path, HANDLER, signal.SIGHUP, signal.SIGHUP)
    assert (code, lines) == (143, ["[0] saved", "[1] saved"])


def test_a_second_signal_kills(tmp_path):
    deaf = HANDLER.replace("time.sleep(0.3)", "time.sleep(60)")
    code, lines = interrupted(tmp_path, deaf, signal.SIGTERM, signal.SIGTERM)
    assert (code, lines) == (137, [])


@pytest.mark.parametrize(
    ("named", "shares"),
    [("0,1,2,3", ["0,1", "2,3"]), ("5,6,7", ["5", "6"]), ("", [None, None]), ("-1", [None, None])],
)
def test_gpus_are_shared_out(named, shares):
    found = worker.environments(2, {"CUDA_VISIBLE_DEVICES": named})
    assert [own.get("CUDA_VISIBLE_DEVICES") for own in found] == shares


def test_fewer_gpus_than_workers():
    with pytest.raises(UsageError, match="3 workers cannot share 2 GPUs"):
        worker.environments(3, {"CUDA_VISIBLE_DEVICES": "0,1"})


def test_threads_that_were_asked_for_are_kept():
    found = worker.environments(2, {"TF_NUM_INTRAOP_THREADS": "7"})
    assert {own["TF_NUM_INTRAOP_THREADS"] for own in found} == {"7"}


# --- Slow: whole runs, killed and told to end -------------------------------------------------

MODEL = """
import keras
from dlkit.layers import ClassifierOutput

def victim(*, num_classes=10, input_shape=(8, 8, 1)):
    x = image = keras.Input(input_shape)
    x = keras.layers.Rescaling(1 / 255, dtype="float32")(x)
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.3, seed=2)(x)
    x = keras.layers.Dense(num_classes)(x)
    return keras.Model(image, ClassifierOutput()(x))
"""
MANIFEST = """
api = 1
[[model]]
name = "victim"
build = "acme_victims.models:victim"
summary = "All that has state of its own"
task = "image-classification"
params = 1498
variables = 1506
license = "MIT"
input_shape = [8, 8, 1]
num_classes = 10
"""
TRAIN = [
    "train", "acme-victims/victim", "--epochs", "6", "--limit-batches", "14", "--batch-size", "33",
    "--set", "save_every=5steps", "--set", "augment=shift", "--set", "optimizer.name=adamw",
]  # fmt: skip


@pytest.fixture
def start(tmp_path, make_plugin):
    make_plugin("acme-victims", MANIFEST, {"models.py": MODEL})

    def start(*words):
        command = [sys.executable, "-m", "dlkit", "launch", "-n", "2", "--", *words]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)

    return start


def step_of(folder):
    try:
        return json.loads((folder / "ckpt" / "last" / "state.json").read_text())["step"]
    except FileNotFoundError:
        return 0


def wait_for(folder, step, process):
    until = time.monotonic() + 200
    while step_of(folder) < step:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)


def kill(launcher, index, number):
    children = pathlib.Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text()
    os.kill(int(children.split()[index]), number)


def assert_alike(one, other):
    for name in ("last", "worker-1/last"):
        left, right = (np.load(folder / "ckpt" / name / "state.npz") for folder in (one, other))
        assert set(left) == set(right)
        for key in left:
            assert left[key].tobytes() == right[key].tobytes(), (name, key)
    times = ("seconds", "images_per_second", "input_seconds")
    logs = [np.genfromtxt(f / "log.csv", delimiter=",", names=True) for f in (one, other)]
    for name in set(logs[0].dtype.names) - set(times):
        assert np.array_equal(logs[0][name], logs[1][name])


@pytest.mark.slow
def test_workers_that_are_killed_end_as_if_nothing_had_happened(start, tmp_path):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    assert start(*TRAIN, "--run", str(undisturbed)).wait(400) == 0
    launcher = start(*TRAIN, "--run", str(killed))
    for index, step in ((1, 5), (0, 30), (1, 50)):
        wait_for(killed, step, launcher)
        kill(launcher, index, signal.SIGKILL)
    assert launcher.wait(400) == 0
    assert_alike(undisturbed, killed)


@pytest.mark.slow
def test_workers_that_are_told_to_end_save_the_same_step(start, tmp_path):
    undisturbed, stopped = tmp_path / "undisturbed", tmp_path / "stopped"
    assert start(*TRAIN, "--run", str(undisturbed)).wait(400) == 0
    launcher = start(*TRAIN, "--run", str(stopped))
    wait_for(stopped, 5, launcher)
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(60) == 143
    first = step_of(stopped)
    launcher = start("resume", str(stopped))
    wait_for(stopped, first + 3, launcher)
    kill(launcher, 1, signal.SIGTERM)  # only one of them is told
    assert launcher.wait(60) == 143
    texts = [
        (stopped / "ckpt" / name / "state.json").read_text() for name in ("last", "worker-1/last")
    ]
    assert len({json.loads(text)["step"] for text in texts}) == 1
    assert start("resume", str(stopped)).wait(400) == 0
    assert_alike(undisturbed, stopped)
