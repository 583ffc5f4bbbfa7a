"""`dlkit report RUN --picture FILE`: the format that the name says, and wrong names at once."""

import pytest

from dlkit.cli import main
from dlkit.train import atomic

BEGINNINGS = {"png": b"\x89PNG\r\n", "SVG": b"<?xml", "pdf": b"%PDF-"}


@pytest.mark.parametrize("suffix", BEGINNINGS)
def test_the_suffix_is_the_format(make_run, tmp_path, capsys, suffix):
    folder, picture = make_run(), tmp_path / f"my run.{suffix}"
    assert main(["report", str(folder), "--picture", str(picture)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{folder}/report.html", str(picture)]
    assert picture.read_bytes().startswith(BEGINNINGS[suffix])
    if suffix == "SVG":
        assert b"<svg" in picture.read_bytes()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "none/run.png",
            "--picture none/run.png: none: there is no such folder.\n  Make it: mkdir",
        ),
        ("a file/run.png", "--picture a file/run.png: a file: is no folder.\n"),
        ("folder", "--picture folder: is a folder.\n  As in: --picture run.png"),
        ("folder.png", "--picture folder.png: is a folder.\n"),
        ("drawn", "--picture drawn: expected a name in .png, .svg, .pdf.\n"),
        ("run.gif", "--picture run.gif: expected a name in .png, .svg, .pdf.\n"),
        (".png", "--picture .png: expected a name in .png, .svg, .pdf.\n"),
        ("", "--picture : is a folder.\n"),
    ],
)
def test_a_name_for_no_picture_is_refused_before_any_work(
    make_run, tmp_path, monkeypatch, capsys, name, told
):
    folder = make_run()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.png").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert main(["report", str(folder), "--picture", name]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(told)
    assert captured.out == ""
    assert sorted(tmp_path.rglob("*")) == before
    assert not (folder / "report.html").exists()


def test_a_disk_that_refuses_is_told_by_the_name_that_was_typed(
    make_run, tmp_path, monkeypatch, capsys
):
    folder, picture = make_run(), tmp_path / "run.png"
    write = atomic.write_bytes

    def refuse(path, content):
        if path == picture:
            monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "Full")))
        return write(path, content)

    monkeypatch.setattr(atomic, "write_bytes", refuse)
    assert main(["report", str(folder), "--picture", str(picture)]) == 1
    assert capsys.readouterr().err.startswith(f"{picture}: Full\n")
    assert not picture.exists()


@pytest.mark.parametrize("words", [["report"], ["predict"]])
def test_a_file_is_no_run_folder(make_run, capsys, words):
    file = make_run() / "config.yaml"
    assert main([*words, str(file), *(["x.png"] if words == ["predict"] else [])]) == 1
    assert f"{file} is no run folder" in capsys.readouterr().err
