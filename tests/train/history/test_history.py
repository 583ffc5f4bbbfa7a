"""Runs read from their folders, whatever state these are in."""

import json
import math
import subprocess
import sys

import pytest

from dlkit.train import history, lock


def test_a_healthy_run(write_run):
    record = history.read(write_run("a", epochs=3))
    assert record.problem == ""
    assert (record.status, record.epochs_done, record.best_epoch) == ("finished", 3, 3)
    assert record.settings["optimizer.learning_rate"] == 1e-3
    assert record.log["val_loss"] == pytest.approx([0.6, 0.5, 0.4])
    assert (record.monitor, record.metric, record.judged) == ("val_accuracy", "accuracy", 0.8)
    assert record.more_is_better and record.seconds == 75.2 and record.seen > 0


def test_the_log_tells_which_way_is_better(write_run):
    best = {"epoch": 3, "monitor": "val_loss", "value": 0.4}
    record = history.read(write_run("a", state={"best": best}, log={"val_loss": [0.6, 0.5, 0.4]}))
    assert not record.more_is_better


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config.yaml", "model: [", "config.yaml is damaged"),
        ("config.yaml", "- a", "config.yaml is damaged (no settings in it)"),
        ("state.json", '{"status": "runn', "state.json is damaged"),
        ("state.json", "[1]", "state.json is damaged (no object in it)"),
        ("env.json", "\xff", "env.json is damaged"),
        ("log.csv", "epoch,loss\n1,x\n", "log.csv is damaged"),
        ("log.csv", "epoch,loss\n1,2,3\n", "log.csv is damaged"),
        ("evaluation.json", "", "evaluation.json is damaged"),
    ],
)
def test_a_damaged_file_is_named_and_the_rest_is_read(write_run, file, content, told):
    folder = write_run("a")
    (folder / file).write_bytes(content.encode("latin-1"))
    record = history.read(folder)
    assert told in record.problem and "\n" not in record.problem
    assert record.settings or record.state


def test_values_of_the_wrong_type_are_unknown(write_run):
    odd = ["?"]
    record = history.read(
        write_run("a", state={"epochs_done": odd, "seconds": odd, "best": odd, "status": None})
    )
    assert record.problem == "" and record.status == "not begun"
    assert (record.epochs_done, record.monitor, record.best_epoch) == (0, "", None)
    assert math.isnan(record.seconds) and math.isnan(record.best)
    assert record.as_dict()["best"] is None


def test_a_folder_without_config(tmp_path):
    record = history.read(tmp_path)
    assert "no config.yaml" in record.problem and record.status == "not begun"


def test_a_yaml_bomb_is_refused_at_once(write_run):
    folder = write_run("a")
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    (folder / "config.yaml").write_text("\n".join(lines))
    assert "config.yaml is damaged" in history.read(folder).problem


HOLD = """
import pathlib, sys
from dlkit.train import lock
held = lock.acquire(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def keep_best(folder, name="best", **best):
    place = folder / "ckpt" / name
    place.mkdir(parents=True)
    (place / "state.json").write_text(json.dumps({"step": 20, "best": best}))


@pytest.mark.parametrize("name", ["best", ".best.old"])
@pytest.mark.parametrize(
    ("monitor", "values"), [("val_accuracy", [0.5, 0.6, 0.7]), ("val_loss", [0.6, 0.5, 0.4])]
)
def test_a_best_epoch_that_is_lost_is_not_named(write_run, name, monitor, values):
    named = {"epoch": 3, "monitor": monitor, "value": values[2]}
    folder = write_run("a", state={"status": "running", "best": named}, log={monitor: values})
    before = history.read(folder)
    keep_best(folder, name, epoch=2, monitor=monitor, value=values[1])
    record = history.read(folder)
    assert (before.best_epoch, before.best) == (3, values[2])
    assert (record.best_epoch, record.best) == (2, values[1])
    assert record.as_dict()["best"]["epoch"] == 2
    assert record.more_is_better == before.more_is_better == (monitor == "val_accuracy")


@pytest.mark.parametrize("text", ["", "[]", '{"best": 3}', "{}"])
def test_a_best_epoch_that_cannot_be_read_leaves_the_one_that_was_named(write_run, text):
    folder = write_run("a")
    keep_best(folder)
    (folder / "ckpt" / "best" / "state.json").write_text(text)
    record = history.read(folder)
    assert (record.problem, record.best_epoch) == ("", 3)


@pytest.mark.skipif(lock.fcntl is None, reason="this system has no such locks")
def test_running_killed_and_what_nobody_can_tell(write_run):
    folder = write_run("a", state={"status": "running"})
    assert history.read(folder).status == "running?"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert process.stdout.readline() == "held\n"
        keep_best(folder, epoch=2, monitor="val_accuracy", value=0.6)
        record = history.read(folder)
        assert (record.status, record.best_epoch) == ("running", 3)
    finally:
        process.kill()
        process.communicate()
    record = history.read(folder)
    assert (record.status, record.best_epoch) == ("killed", 2)


def test_a_listing_passes_over_what_is_no_run(tmp_path, write_run):
    write_run("runs/b")
    write_run("runs/a")
    write_run("runs/search/trial-01")
    write_run("runs/.hidden")
    for name in ("empty", "notes"):
        (tmp_path / "runs" / name).mkdir()
    (tmp_path / "runs" / "notes" / "x.txt").write_text("x")
    base = tmp_path / "runs"
    assert [record.folder.name for record in history.listing(base)] == ["a", "b", "empty"]
    assert history.groups(base) == {base / "search": 1}
    assert [record.folder.name for record in history.listing(base / "a")] == ["a"]


def test_only_what_differs(write_run):
    records = [
        history.read(write_run("a", augment="shift")),
        history.read(write_run("b", optimizer={"name": "adam", "learning_rate": 0.1})),
    ]
    assert history.differing(records) == ["optimizer.learning_rate", "augment"]
    assert history.differing(records[:1]) == []


def test_a_field_that_an_older_run_does_not_have_differs(write_run):
    records = [history.read(write_run("a")), history.read(write_run("b", ema=True))]
    assert history.differing(records) == ["ema"]


def test_json_has_no_nan(write_run):
    from dlkit.train import strict_json

    record = history.read(write_run("a", state=None, evaluation=None))
    row = json.loads(strict_json.dumps(record.as_dict()))
    assert (row["seconds"], row["best"], row["evaluation"]) == (None, None, None)
    assert row["status"] == "not begun"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (75.2, "1 min 15 s"),
     (3600, "1 h 0 min"), (200_000, "2 days"), (math.nan, "")],
)  # fmt: skip
def test_durations(seconds, text):
    assert history.duration(seconds) == text
