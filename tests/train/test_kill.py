"""SIGKILL at any moment, and the run ends as one that never stopped: to the bit, log included."""

import collections
import csv
import json
import pathlib
import random
import signal
import subprocess
import sys

import pytest

from dlkit.train import launch

VICTIM = pathlib.Path(__file__).with_name("victim.py")
TIMES = ("seconds", "images_per_second", "input_seconds")


def lives(folder, epochs, kills=()):
    """Lets a training die and go on; gives back what each life left, and the digest at the end."""
    words = [sys.executable, VICTIM, folder, str(epochs), *kills]
    done = subprocess.run(words, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    (digest,) = [line["digest"] for line in lines if "digest" in line]
    return [line for line in lines if "exit" in line], digest


def worker_lives(folder, epochs, kills, monkeypatch):
    """Lets two workers die and go on under the launcher; what it said, and each one's digest."""
    monkeypatch.setattr(launch, "_interrupted", lambda seconds, signals: False)  # no pause
    kills = [*kills, "none"]
    lines, said = [], []
    code = launch.launch(
        lambda life: [
            sys.executable,
            str(VICTIM),
            "--worker",
            str(folder),
            str(epochs),
            kills[life],
        ],
        2,
        logs=folder.with_name(f"{folder.name}-logs"),
        progress=lambda: None,  # one that was killed is tried again without any
        restarts=len(kills) - 1,
        show=lines.append,
        say=said.append,
    )
    assert code == 0, lines[-50:]
    digests = {
        line[:3]: json.loads(line[4:])["digest"] for line in lines if line[4:].startswith("{")
    }
    assert sorted(digests) == ["[0]", "[1]"]
    return said, digests


def log(folder):
    """The log without its columns of time."""
    with (folder / "log.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k not in TIMES} for row in csv.DictReader(file)]


def compare(tmp_path, epochs, kills, capsys):
    _, digest = lives(tmp_path / "undisturbed", epochs)
    left, killed_digest = lives(tmp_path / "killed", epochs, kills)
    *deaths, last = left
    with capsys.disabled():
        phases = collections.Counter(each["kill"].partition(":")[0] for each in deaths)
        steps = [each["steps"].get("last") or each["steps"].get("prev", 0) for each in deaths]
        print(f"\n{len(deaths)} times SIGKILL ({dict(phases)}); went on from steps {steps}")
    assert [each["exit"] for each in deaths] == [-signal.SIGKILL] * len(kills)
    assert last["exit"] == 0
    assert killed_digest == digest
    assert log(tmp_path / "killed") == log(tmp_path / "undisturbed")
    assert not list((tmp_path / "killed" / "ckpt").glob(".*"))


def test_five_kills(tmp_path, capsys):
    compare(tmp_path, 3, ["step:4", "write:1", "step:10", "step:1", "write:4"], capsys)


@pytest.mark.slow
def test_fifty_kills(tmp_path, capsys):
    """Twenty in the middle of an epoch, twenty between write and rename, ten at any time."""
    draw = random.Random(0)
    kills = [f"step:{draw.randint(1, 11)}" for _ in range(20)]
    kills += [f"write:{draw.randint(1, 6)}" for _ in range(20)]
    kills += [f"time:{draw.uniform(0, 0.15):.3f}" for _ in range(10)]
    draw.shuffle(kills)
    compare(tmp_path, 20, kills, capsys)


def compare_workers(tmp_path, epochs, kills, capsys, monkeypatch):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    _, digests = worker_lives(undisturbed, epochs, (), monkeypatch)
    said, killed_digests = worker_lives(killed, epochs, kills, monkeypatch)
    with capsys.disabled():
        phases = collections.Counter(kill.partition(":")[0] for kill in kills)
        print(f"\n{len(said)} times SIGKILL of one of two workers ({dict(phases)})")
    assert [line.partition(".")[0] for line in said] == [
        f"worker {kill[0]} was killed by SIGKILL" for kill in kills
    ]
    assert killed_digests == digests
    assert log(killed) == log(undisturbed)
    assert not [path for path in (killed / "ckpt").rglob(".*") if path.suffix in (".tmp", ".old")]


def test_a_worker_that_twice_does_not_get_to_save(tmp_path, capsys, monkeypatch):
    """The other one is then a save ahead, goes back, and must not lose the one it went back to."""
    compare_workers(tmp_path, 2, ["1/write:4", "1/write:1"], capsys, monkeypatch)


@pytest.mark.slow
def test_fifty_kills_of_two_workers(tmp_path, capsys, monkeypatch):
    """The same, of one worker or the other, under the launcher that starts both again."""
    draw = random.Random(1)
    kills = [f"step:{draw.randint(1, 11)}" for _ in range(20)]
    kills += [f"write:{draw.randint(1, 4)}" for _ in range(20)]
    kills += [f"time:{draw.uniform(0, 0.3):.3f}" for _ in range(10)]
    draw.shuffle(kills)
    kills = [f"{draw.randint(0, 1)}/{kill}" for kill in kills]
    compare_workers(tmp_path, 25, kills, capsys, monkeypatch)
