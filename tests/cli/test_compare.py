"""`dlkit compare`, as typed."""

import pytest
from PIL import Image

from dlkit.cli import main


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_and_picture(here, write_run, capsys):
    write_run("runs/a", augment="shift")
    write_run("runs/b", epochs=5)
    assert main(["compare", "runs/a", "runs/b", "--out", "two.png"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["recipe", "a", "b"]
    assert "augment" in out and "best val_accuracy" in out and out.endswith("two.png\n")
    assert Image.open(here / "two.png").width > 1500


def test_runs_of_the_same_name_are_told_apart(write_run, capsys):
    write_run("one/a")
    write_run("two/a")
    assert main(["compare", "one/a", "two/a", "--out", "x.svg"]) == 0
    captured = capsys.readouterr()
    assert "The recipes are the same in every field." in captured.out
    assert "one/a" in captured.out and "two/a" in captured.out


def test_doubts_and_missing_curves_are_said(write_run, capsys):
    write_run("a", env={"keras": "3.16"})
    write_run("b", log=None)
    assert main(["compare", "a", "b"]) == 0
    error = capsys.readouterr().err
    assert "not the same version of Keras" in error and "b has finished no epoch" in error


def test_too_many_for_one_picture(here, write_run, capsys):
    folders = [str(write_run(f"r{number}", seed=number)) for number in range(7)]
    assert main(["compare", *folders]) == 0
    assert "no picture" in capsys.readouterr().err
    assert not (here / "compare.png").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["a"], 2, "two runs or more"),
        (["a", "a"], 2, "given twice"),
        (["a", "missing"], 1, "missing: there is no such folder"),
        (["a", "b", "--out", "x.txt"], 2, "expected a name in .png"),
        (["a", "b", "--out", "no/x.png"], 2, "no such folder"),
        (["a", "b", "--out", "a"], 2, "is a folder"),
    ],
)
def test_mistakes(here, write_run, capsys, words, code, message):
    write_run("a")
    write_run("b")
    assert main(["compare", *words]) == code
    assert message in capsys.readouterr().err
    assert not list(here.glob("*.png"))
