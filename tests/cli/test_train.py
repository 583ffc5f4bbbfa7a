"""train, eval, predict and report, as typed."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

import dlkit
from dlkit.cli import main, train
from dlkit.train import history

pytestmark = pytest.mark.usefixtures("local_tiny")
QUICK = ["train", "local/tiny", "--epochs", "1", "--limit-batches", "10"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_train_eval_predict_report(here, capsys):
    assert main([*QUICK, "--set", "optimizer.learning_rate=3e-3", "--seed", "4"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "runs/local-tiny-digits-01"
    assert "test accuracy 0." in out and "3-nearest-neighbour on the same rows: 0.9" in out
    folder = here / "runs" / "local-tiny-digits-01"
    recipe = dlkit.Recipe.load(folder / "config.yaml")
    assert (recipe.seed, recipe.optimizer.learning_rate, recipe.epochs) == (4, 3e-3, 1)

    assert main(["eval", str(folder), "--split", "val", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["split"], figures["size"]) == ("val", 270)

    Image.fromarray(np.zeros((20, 20), np.uint8)).save("a.png")
    assert main(["predict", str(folder), "a.png", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["file"] == "a.png" and row["label"] in "0123456789" and len(row["top"]) == 3
    assert main(["predict", str(folder), "a.png"]) == 0
    assert capsys.readouterr().out.startswith("a.png  ")

    (folder / "report.html").unlink()
    assert main(["report", str(folder), "--picture", "run.png"]) == 0
    assert (folder / "report.html").exists()
    assert Image.open("run.png").width >= 1200


def test_some_steps_are_recorded_for_the_profiler(here, capsys):
    assert main([*QUICK, "--limit-batches", "25", "--run", "r", "--profile"]) == 0
    assert "profile: tensorboard --logdir r/tb" in capsys.readouterr().out
    (recorded,) = (here / "r" / "tb").rglob("*.xplane.pb")
    assert b"/device:CPU" in recorded.read_bytes() or b"host:CPU" in recorded.read_bytes()


def test_resume(here, capsys):
    assert main([*QUICK, "--run", "r"]) == 0
    assert main(["train", "--resume", "--run", "r"]) == 0
    assert "All 1 epochs were done before." in capsys.readouterr().out
    assert main(["train", "--resume"]) == 2
    assert main(["train", "--resume", "--run", "r", "--epochs", "9"]) == 2
    assert "run's own recipe" in capsys.readouterr().err


def test_how_often_to_save(here, capsys):
    assert main([*QUICK, "--run", "r", "--save-every", "4steps"]) == 0
    assert dlkit.Recipe.load(here / "r" / "config.yaml").save_every == "4steps"
    capsys.readouterr()
    assert main([*QUICK, "--run", "s", "--save-every", "4stops"]) == 2
    error = capsys.readouterr().err
    assert "save_every: expected auto, or a number" in error and "Did you mean 'steps'?" in error
    assert not (here / "s").exists()


def test_other_devices_are_refused_where_a_run_goes_on(here, capsys):
    assert main([*QUICK, "--run", "r"]) == 0
    assert main(["train", "--resume", "--run", "r", "--devices", "cpu:2"]) == 2
    error = capsys.readouterr().err
    assert "own recipe and devices" in error and "Go on: dlkit resume r" in error


def test_a_run_that_stopped_early_is_done(here, capsys):
    words = ["--epochs", "9", "--set", "early_stopping=1", "--set", "optimizer.learning_rate=1e-9"]
    assert main([*QUICK, *words, "--run", "r"]) == 0
    log = (here / "r" / "log.csv").read_bytes()
    (here / "r" / "report.html").unlink()
    assert main(["resume", "r"]) == 0
    assert "It stopped early before, after 2 epochs." in capsys.readouterr().out
    assert (here / "r" / "log.csv").read_bytes() == log
    assert history.read("r").status == "stopped early" and (here / "r" / "report.html").exists()


def test_what_ends_a_training_stands_on_a_line_of_its_own(here, capsys, monkeypatch):
    class Failing:
        def fit(self, *args, **options):
            print("1/5 ━━━", end="")
            raise OSError("no space")

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    recipe = dlkit.Recipe.load("local/tiny", limit_batches=5)
    session = dlkit.Run("r", recipe)
    session.build()
    with pytest.raises(OSError, match="no space"):
        train._train(session, Failing(), profile=False)
    assert capsys.readouterr().out.endswith("━━━\n")


def pictures(root, splits, count=4):
    """Two of ImageNet's classes, a dark and a bright one."""
    for split in splits:
        for level, name in ((40, "tench"), (200, "goldfish")):
            (root / split / name).mkdir(parents=True)
            for n in range(count):
                image = Image.new("RGB", (40, 36), (level + n, level, level))
                image.save(root / split / name / f"{n}.JPEG")


def test_without_a_test_split_val_judges(here, capsys):
    pictures(here / "photos", ("train", "val"))
    words = ["train", "lenet5", "--dataset", "imagenet", "--data", "photos", "--epochs", "1"]
    assert main([*words, "--image-size", "32", "--batch-size", "4"]) == 0
    out = capsys.readouterr().out
    assert "note: no test split" in out and "val accuracy" in out and "on 8 rows" in out
    assert (here / "runs" / "lenet5-imagenet-01" / "report.html").is_file()
    assert main(["eval", "runs/lenet5-imagenet-01"]) == 0
    assert main(["eval", "runs/lenet5-imagenet-01", "--split", "test"]) == 1
    assert "has no split 'test'" in capsys.readouterr().err


def test_a_file_that_breaks_in_training_is_named(here, capsys):
    pictures(here / "photos", ("train", "val"))
    broken = here / "photos" / "train" / "tench" / "2.JPEG"
    broken.write_bytes(broken.read_bytes()[:200])
    words = ["train", "lenet5", "--dataset", "imagenet", "--data", "photos", "--epochs", "1"]
    assert main([*words, "--image-size", "32", "--batch-size", "4"]) == 1
    told = capsys.readouterr().err.strip().splitlines()[-2:]
    assert told[0].startswith(f"{broken} is broken") and told[1].startswith("  Repair it")


def test_a_file_is_no_run_folder(here, capsys):
    (here / "f").touch()
    assert main([*QUICK, "--run", "f"]) == 1
    assert "f is a file.\n  Choose another folder: --run f-2" in capsys.readouterr().err


def test_a_damaged_env_takes_nothing_from_an_evaluation(here, capsys):
    assert main([*QUICK, "--run", "r"]) == 0
    (here / "r" / "env.json").write_text("{")
    capsys.readouterr()
    assert main(["eval", "r"]) == 0
    told = capsys.readouterr()
    assert "test accuracy" in told.out and "warning: the report was not renewed" in told.err


@pytest.mark.parametrize("terminal", [True, False])
def test_the_bar_is_drawn_in_a_terminal_alone(here, capsys, monkeypatch, terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert main(QUICK) == 0
    out = capsys.readouterr().out
    assert "val_accuracy: " in out
    assert ("\r" in out, "\b" in out) == (terminal, terminal)


def test_several_workers_need_a_folder_that_they_share(here, capsys, monkeypatch):
    workers = {"worker": ["localhost:20001", "localhost:20002"]}
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": workers, "task": task}))
    assert main(QUICK) == 2
    error = capsys.readouterr().err
    assert "several workers" in error and "--run DIR" in error
    assert not list(here.iterdir())


def test_the_two_ways_out_of_a_run_that_exists(here, capsys):
    assert main([*QUICK, "--run", "r"]) == 0
    assert main([*QUICK, "--run", "r"]) == 1
    error = capsys.readouterr().err
    assert "dlkit resume r" in error and "--run r-2" in error
    assert main(["resume", "r"]) == 0
    assert main([*QUICK, "--run", "r-2"]) == 0


def test_a_config_reproduces_a_run(here):
    assert main([*QUICK, "--run", "a"]) == 0
    assert main(["train", "-c", "a/config.yaml", "--run", "b"]) == 0
    one, two = (np.load(f"{name}/evaluation.npz")["probabilities"] for name in "ab")
    assert np.array_equal(one, two)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["train"], 2, "give a model's name"),
        (["train", "nosuch"], 1, "no model 'nosuch'"),
        (["train", "local/tiny", "--dataset", "digitz"], 1, "Did you mean 'digits'"),
        (["train", "local/tiny", "--batch-size", "0"], 2, "batch_size: expected a whole number"),
        (["train", "local/tiny", "--batch-size", "-1"], 2, "batch_size: expected a whole number"),
        (["train", "local/tiny", "--batch-size", "9999"], 1, "9999"),
        (["train", "local/tiny", "--set", "dataset=digitz"], 1, "Did you mean 'digits'"),
        (["train", "local/tiny", "--set", "name=x"], 2, "no setting 'name'"),
        (["train", "local/tiny", "--set", "self=1"], 2, "no setting 'self'"),
        (["train", "local/tiny", "--set", "epochs"], 2, "expected A.B=C"),
        (["train", "local/tiny", "--set", "epohcs=3"], 2, "Did you mean 'epochs'"),
        (["train", "local/tiny", "--set", "epochs=["], 2, "no YAML value"),
        (["train", "local/tiny", "--set", "model_options.depth=3"], 2, "no option 'depth'"),
        (["train", "local/tiny", "--dataset", "image-folder"], 1, "--data"),
        (["train", "local/tiny", "--devices", ""], 2, "--devices names none"),
        (["train", "local/tiny", "--devices", "cpu:9999"], 2, "9999 logical CPUs are too many"),
        (["train", "-c", "none.yaml"], 2, "No such file"),
        (["eval", "."], 1, "is no run folder"),
        (["report", "."], 1, "is no run folder"),
        (["predict", ".", "x.png"], 1, "is no run folder"),
    ],
)
def test_mistakes_are_told_without_a_traceback_and_leave_nothing(
    here, capsys, words, code, message
):
    assert main(words) == code
    captured = capsys.readouterr()
    assert message in captured.err and "Traceback" not in captured.err
    assert not list(here.glob("runs/*"))


def test_a_picture_that_is_none(here, capsys):
    assert main([*QUICK, "--run", "r"]) == 0
    (here / "x.png").write_text("no picture")
    assert main(["predict", "r", "x.png"]) == 1
    assert "x.png" in capsys.readouterr().err
    assert main(["predict", "r", "missing.png"]) == 1
    assert "missing.png" in capsys.readouterr().err
    assert main(["eval", "r", "--split", "tset"]) == 1
    assert "Did you mean 'test'" in capsys.readouterr().err
