"""`dlkit tune`, as typed."""

import subprocess
import sys

import pytest

import dlkit
from dlkit.cli import main
from dlkit.train import extras

pytest.importorskip("keras_tuner")
pytestmark = pytest.mark.usefixtures("local_tiny")
QUICK = ["tune", "local/tiny", "--epochs", "1", "--limit-batches", "5"]
OPEN = ["--set", "optimizer.learning_rate=1e-4..1e-2", "--set", "augment=none,shift"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_search_ends_with_its_table_and_the_command_that_trains_the_best(here, capsys):
    assert main([*QUICK, *OPEN, "--set", "batch_size=16", "--trials", "2"]) == 0
    out = capsys.readouterr().out
    assert "optimizer.learning_rate: 0.0001 to 0.01, by its exponent" in out
    assert out.count("trial-01") == 2 and "val_accuracy 0." in out
    folder = here / "runs" / "local-tiny-tune-01"
    last = out.splitlines()[-1]
    assert last == "Train it: dlkit train -c runs/local-tiny-tune-01/best.yaml"
    assert dlkit.Recipe.load(folder / "best.yaml").batch_size == 16

    assert main(["tune", "--resume", "--run", str(folder), "--trials", "3"]) == 0
    assert (folder / "trial-03" / "ckpt" / "best").is_dir()
    capsys.readouterr()
    assert main(["runs", str(folder)]) == 0
    assert capsys.readouterr().out.count("finished") == 3

    assert main([*QUICK, *OPEN, "--run", str(folder)]) == 1
    error = capsys.readouterr().err
    assert "holds a search already" in error and f"dlkit tune --resume --run {folder}" in error


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["tune"], 2, "give a model's name"),
        (QUICK, 2, "nothing to search over"),
        ([*QUICK, "--set", "epohcs=1..3"], 2, "Did you mean 'epochs'"),
        ([*QUICK, "--set", "epochs"], 2, "expected A.B=SPEC"),
        ([*QUICK, "--set", "augment=["], 2, "no YAML value"),
        ([*QUICK, *OPEN, "--search", "bayes"], 2, "Did you mean 'bayesian'"),
        ([*QUICK, *OPEN, "--trials", "0"], 2, "trials"),
        ([*QUICK, "--set", "augment=none,shfit"], 1, "Did you mean 'shift'"),
        ([*QUICK, *OPEN, "--dataset", "digitz"], 1, "Did you mean 'digits'"),
        (
            [*QUICK, *OPEN, "--search", "hyperband", "--epochs", "9", "--trials", "3"],
            2,
            "--trials 13",
        ),
        ([*QUICK, "--set", "data=a,b"], 2, "not to be compared"),
        (["tune", "nosuch", *OPEN], 1, "no model 'nosuch'"),
        (["tune", "--resume"], 2, "--run DIR"),
        (["tune", "--resume", "--run", "none"], 1, "holds no search"),
        (["tune", "--resume", "--run", "none", "--seed", "3"], 2, "search's own plan"),
    ],
)
def test_mistakes_leave_nothing(here, capsys, words, code, message):
    assert main(words) == code
    captured = capsys.readouterr()
    assert message in captured.err and "internal" not in captured.err
    assert not list(here.iterdir())


def test_the_dataset_may_be_set_like_any_field(here, capsys):
    one = ["--set", "dataset=digits", "--trials", "1", "--run", "s"]
    assert main([*QUICK, *OPEN, *one]) == 0
    assert dlkit.Recipe.load(here / "s" / "best.yaml").dataset == "digits"


def test_hyperband_to_its_end(here, capsys):
    words = ["--search", "hyperband", "--epochs", "3", "--limit-batches", "2", "--run", "s"]
    assert main([*QUICK, *OPEN, *words]) == 0
    assert "at most 6 trials, the longest of 3 epochs" in capsys.readouterr().out
    assert dlkit.Recipe.load(here / "s" / "best.yaml").epochs == 3
    assert len(list((here / "s").glob("trial-*"))) == 6


def test_the_plan_of_another_process_is_not_written_over(here, capsys):
    assert main([*QUICK, *OPEN, "--trials", "1", "--run", "s"]) == 0
    before = (here / "s" / "tune.yaml").read_bytes()
    code = """
import pathlib, sys
from dlkit.train import lock
held = lock.acquire(pathlib.Path("s"))
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as other:  # fmt: skip
        assert other.stdout.readline() == "held\n"
        assert main(["tune", "--resume", "--run", "s", "--trials", "9"]) == 1
        other.stdin.close()
    assert "by another process" in capsys.readouterr().err
    assert (here / "s" / "tune.yaml").read_bytes() == before


def test_what_is_missing_is_told_first(here, capsys, monkeypatch):
    monkeypatch.setattr(extras.discovery, "find_module", lambda name: None)
    assert main(QUICK) == 1
    assert 'pip install "dlkit-core[tune]"' in capsys.readouterr().err


def test_a_note_where_batch_sizes_are_judged_on_different_rows(capsys):
    assert main([*QUICK, "--set", "batch_size=16,32", "--trials", "1"]) == 0
    assert "judged on different rows" in capsys.readouterr().err
