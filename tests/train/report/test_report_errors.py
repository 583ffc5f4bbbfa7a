"""What a damaged run folder gets: file, line, remedy, and the old report left as it was."""

import os

import numpy as np
import pytest

from dlkit.registry.errors import DlkitError
from dlkit.train import report

DAMAGE = {
    "no log": ("log.csv", None, r"log\.csv is missing"),
    "empty log": ("log.csv", b"", r"log\.csv, line 1: no epoch is logged"),
    "log without rows": ("log.csv", b"epoch,loss\n", r"log\.csv, line 2: no epoch is logged"),
    "log cut short": ("log.csv", b"epoch,loss\n1,2.0\n2\n", r"line 3: 1 values for 2 columns"),
    "log with words": ("log.csv", b"epoch,loss\n1,high\n", r"line 2: loss is 'high', not a num"),
    "log without epochs": ("log.csv", b"epoch,loss\n,1\n", r"line 2: the epoch has no number"),
    "column twice": ("log.csv", b"loss,loss\n1,1\n", r"line 1: column names .* loss, loss"),
    "log in no encoding": ("log.csv", b"epoch,loss\n1,\xff\n", r"line 2: not UTF-8 text"),
    "no env": ("env.json", None, r"env\.json is missing"),
    "env cut short": ("env.json", b'{\n"dlkit": "0.1",\n', r"env\.json, line 3: not JSON"),
    "env a list": ("env.json", b"[]", r"env\.json, line 1: expected an object"),
    "env of wrong kind": ("env.json", b'{"model": "lenet5"}', r"'model' should be an object"),
    "state cut short": ("state.json", b"{", r"state\.json, line 1: not JSON"),
    "config no YAML": ("config.yaml", b"a: 1\nb: [1\n", r"config\.yaml, line 3: not YAML"),
    "config no settings": ("config.yaml", b"hello\n", r"config\.yaml, line 1: expected settings"),
    "evaluation cut": ("evaluation.json", b"{", r"evaluation\.json, line 1: not JSON"),
    "arrays cut": ("evaluation.npz", b"PK\x03\x04 no", r"evaluation\.npz cannot be read"),
    "arrays empty": ("evaluation.npz", b"", r"evaluation\.npz cannot be read"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_with_file_line_and_remedy(make_run, damage):
    name, content, message = DAMAGE[damage]
    folder = make_run()
    (folder / "report.html").write_text("the old one")
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(report.ReportError, match=message) as caught:
        report.write(folder)
    assert isinstance(caught.value, DlkitError)
    assert str(folder / name) in str(caught.value)
    assert "dlkit " in caught.value.fix
    assert (folder / "report.html").read_text() == "the old one"
    assert sorted(path.name for path in folder.iterdir()) == before


def test_what_is_no_run_folder(tmp_path):
    with pytest.raises(report.ReportError, match=r"no run folder: it has no config\.yaml"):
        report.write(tmp_path)
    with pytest.raises(report.ReportError, match="no run folder: it is no folder"):
        report.write(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_arrays_that_contradict_the_figures(make_run):
    arrays = {"labels": np.array([0, 11]), "probabilities": np.ones((2, 10))}
    with pytest.raises(report.ReportError, match="labels run to 11 with 10 classes") as caught:
        report.write(make_run(arrays=arrays))
    assert "dlkit eval" in caught.value.fix


def test_arrays_of_python_objects_are_not_loaded(make_run):
    folder = make_run(arrays={"labels": np.array([{}], dtype=object)})
    with pytest.raises(report.ReportError, match=r"evaluation\.npz cannot be read"):
        report.write(folder)


def test_a_disk_that_fails_leaves_the_old_report_and_no_half(make_run, monkeypatch):
    folder = make_run()
    (folder / "report.html").write_text("the old one")
    before = sorted(path.name for path in folder.iterdir())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        report.write(folder)
    assert (folder / "report.html").read_text() == "the old one"
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_run_without_an_epoch(make_run):
    folder = make_run()
    (folder / "log.csv").unlink()
    (folder / "state.json").write_text('{"status": "interrupted", "epochs_done": 0, "best": null}')
    with pytest.raises(report.ReportError, match="nothing to report yet: no epoch") as caught:
        report.write(folder)
    assert "dlkit resume" in caught.value.fix
