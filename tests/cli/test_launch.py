"""launch, as typed: what is wrong is told once, before any worker is started."""

import pytest

from dlkit.cli import main


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "launch starts train or resume, not 'nothing'"),
        (["--", "eval", "r"], 2, "launch starts train or resume, not 'eval'"),
        (["-n", "0", "--", "train", "lenet5"], 2, "-n is at least 1"),
        (["--", "train", "lenet5", "--epohcs", "3"], 2, "takes no '--epohcs'"),
        (["--", "train", "lenet5", "--epochs", "x"], 2, "invalid int value: 'x'"),
        (["--", "train", "lenet5", "--batch-size", "0"], 2, "batch_size: expected"),
        (["--", "train", "nosuch"], 1, "no model 'nosuch'"),
        (["--", "resume"], 2, "required: RUN"),
        (["--", "resume", "nosuch"], 1, "nosuch is no run folder"),
        (["--", "train", "--resume"], 2, "--resume needs the run's folder"),
        (["--", "train", "--resume", "--run", "nosuch"], 1, "nosuch is no run folder"),
    ],
)
def test_mistakes_start_no_worker_and_leave_nothing(here, capsys, words, code, message):
    assert main(["launch", *words]) == code
    captured = capsys.readouterr()
    assert captured.err.count(message) == 1 and "Traceback" not in captured.err
    assert not list(here.iterdir())


def test_what_the_workers_say_and_their_exit_code_are_passed_on(here, capsys):
    assert main(["launch", "-n", "1", "--", "train", "lenet5", "--devices", "gpu:99"]) == 1
    captured = capsys.readouterr()
    assert "[0] devices='gpu:99': there is no GPU 99" in captured.out
    assert not list(here.glob("runs/*"))


def test_fewer_gpus_than_workers(here, capsys, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert main(["launch", "-n", "2", "--", "train", "lenet5"]) == 2
    assert "2 workers cannot share 1 GPUs" in capsys.readouterr().err
    assert not list(here.glob("runs/*"))


def test_help_of_what_is_launched(capsys):
    assert main(["launch", "--", "train", "--help"]) == 0
    assert "dlkit train" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["resume"], ["train", "lenet5", "--devices", "gpu:99", "--run"]])
def test_a_folder_that_was_there_is_left_as_it_was(here, words):
    (here / "mine").mkdir()
    (here / "mine" / "notes.txt").write_text("keep")
    assert main(["launch", "-n", "1", "--", *words, "mine"]) == 1
    assert (here / "mine" / "notes.txt").read_text() == "keep"
