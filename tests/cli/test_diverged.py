"""A run that diverges: its exit code, what is said, and what is left."""

import json

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
