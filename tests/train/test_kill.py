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
