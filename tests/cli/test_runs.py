"""`dlkit runs`, as typed."""

import json
import subprocess
import sys

import pytest

from dlkit.cli import main


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(capsys, *words):
    assert main(["runs", *words]) == 0
    return [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]


def test_a_line_a_run_with_what_differs(write_run, capsys):
    write_run("runs/a", augment="shift")
    write_run("runs/bb", optimizer={"name": "sgd", "learning_rate": 0.1})
    write_run("runs/ccc", evaluation={"split": "val"})
    assert main(["runs"]) == 0
    head, a, b, c = capsys.readouterr().out.splitlines()
    assert "best val_accuracy" in head and "test accuracy" in head
    assert a.split()[:5] == ["a", "finished", "3/3", "0.7000", "0.8000"]
    assert a.endswith("1 min 15 s  optimizer=adam learning_rate=0.001 augment=shift")
    assert b.endswith("optimizer=sgd learning_rate=0.1 augment=none")
    assert "0.8000 (val)" in c


def test_damaged_and_half_written_runs_have_a_line(here, write_run, capsys):
    write_run("runs/good")
    (write_run("runs/bad") / "state.json").write_text("{")
    (write_run("runs/odd") / "config.yaml").unlink()
    (here / "runs" / "new").mkdir()
    assert main(["runs", "--sort", "name"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "state.json is damaged" in lines["bad"] and "3/3" not in lines["bad"]
    assert "no config.yaml" in lines["odd"] and "0.7000" in lines["odd"]
    assert "no config.yaml" in lines["new"]
    assert "finished" in lines["good"]


def test_sorting(write_run, capsys):
    write_run("runs/a", epochs=2)
    write_run("runs/bb", epochs=4)
    write_run("runs/ccc", state={"best": None, "seconds": 1.0})
    assert names(capsys) == ["a", "bb", "ccc"]
    assert names(capsys, "--sort", "best") == ["bb", "a", "ccc"]
    assert names(capsys, "--sort", "time")[0] == "ccc"
    assert names(capsys, "--sort", "epochs")[-1] == "bb"


def test_a_lower_loss_is_better(write_run, capsys):
    for name, value in (("a", 0.5), ("bb", 0.2)):
        best = {"epoch": 1, "monitor": "val_loss", "value": value}
        log = {"val_loss": [value, value + 0.1, value + 0.2]}
        write_run(f"runs/{name}", state={"best": best}, log=log)
    assert names(capsys, "--sort", "best") == ["bb", "a"]


def test_json(write_run, capsys):
    write_run("runs/a", state=None)
    assert main(["runs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["status"], row["seconds"]) == ("a", "not begun", None)
    assert row["settings"]["optimizer.learning_rate"] == 0.001


def test_searches_are_pointed_at(write_run, capsys):
    write_run("runs/search/trial-01")
    assert main(["runs"]) == 0
    assert "holds 1 run: dlkit runs runs/search" in capsys.readouterr().err
    assert names(capsys, "runs/search") == ["trial-01"]
    write_run("runs/my search/trial-01")
    assert main(["runs"]) == 0
    assert "dlkit runs 'runs/my search'" in capsys.readouterr().err


def test_nothing_there(here, capsys):
    assert main(["runs"]) == 2
    assert "no such folder" in capsys.readouterr().err
    (here / "runs").mkdir()
    assert main(["runs"]) == 0
    assert "holds no runs" in capsys.readouterr().err


def test_no_framework_is_loaded(write_run):
    write_run("runs/a")
    code = (
        "import sys; from dlkit.cli import main; assert main(['runs']) == 0; "
        "assert not {'tensorflow', 'keras', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
