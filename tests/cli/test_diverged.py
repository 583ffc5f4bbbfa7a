"""A run that diverges: its exit code, what is said, and what is left."""

import json
import os
import subprocess
import sys

import pytest

from dlkit.cli import main

pytestmark = pytest.mark.usefixtures("local_tiny")
SGD = ["train", "local/tiny", "--epochs", "2", "--set", "optimizer.name=sgd"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_that_diverges_exits_with_3_and_names_the_cause(here, capsys):
    assert main([*SGD, "--run", "r", "--set", "optimizer.learning_rate=1e12"]) == 3
    told = capsys.readouterr().err
    assert (
        "training diverged after" in told and "is too high" in told and "r/nan/report.txt" in told
    )
    assert "Traceback" not in told
    assert json.loads((here / "r" / "state.json").read_text())["status"] == "diverged"
    assert {path.name for path in (here / "r" / "nan").iterdir()} == {
        "report.json", "report.txt", "batch.npz"
    }  # fmt: skip


def test_a_sound_run_logs_how_long_it_waited_and_reports_it(here):
    assert main([*SGD, "--run", "r"]) == 0
    assert "input_seconds" in (here / "r" / "log.csv").read_text().splitlines()[0]
    assert "Steps waited for their input in" in (here / "r" / "report.html").read_text()
    assert not (here / "r" / "nan").exists()


@pytest.mark.parametrize("begin", [["--devices", "cpu:2"], ["launch", "-n", "2", "--"]])
def test_on_several_replicas_the_cause_is_found_on_one_device(here, begin):
    words = ["train", "lenet5-relu", "--dataset", "digits", "--run", "r"]
    words += ["--set", "optimizer.name=sgd", "--set", "optimizer.learning_rate=1e12"]
    words = [*begin, *words] if begin[0] == "launch" else [*words, *begin]
    environ = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "dlkit", *words], env=environ, capture_output=True, timeout=280
    )
    assert done.returncode == 3
    report = json.loads((here / "r" / "nan" / "report.json").read_text())
    assert (report["kind"], report["exact"]) == ("update", True)
    assert "is too high" in report["what"] and len(report["layers"]) > 5
    assert json.loads((here / "r" / "state.json").read_text())["status"] == "diverged"
    assert b"Starting all again" not in done.stdout + done.stderr
