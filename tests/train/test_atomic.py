"""Files and folders that are whole or not there, on disks that fill up."""

import errno
import os
import pathlib
import subprocess
import sys

import pytest

from dlkit.train import atomic

FULL = """
import resource, signal, sys
from dlkit.train import atomic
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    if sys.argv[2] == "file":
        atomic.write_bytes(sys.argv[1], b"x" * 5000)
    else:
        with atomic.folder(sys.argv[1]) as aside:
            (aside / "a").write_bytes(b"x" * 5000)
except OSError as error:
    print("OSError", error.errno)
"""


def test_text_replaces_text(tmp_path):
    path = tmp_path / "a.txt"
    atomic.write_text(path, "one")
    atomic.write_text(path, "zwei ü")
    assert path.read_text(encoding="utf-8") == "zwei ü"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.stat().st_mode & 0o044  # others may read it, as with any file one writes


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_full_disk_keeps_the_old_and_leaves_nothing_behind(tmp_path, kind):
    path = tmp_path / "it"
    if kind == "file":
        path.write_text("old")
    else:
        path.mkdir()
        (path / "a").write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, path, kind], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["OSError", str(errno.EFBIG)]
    assert (path if kind == "file" else path / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["it"]


def test_a_failure_before_the_rename(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write_text(path, "new")
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_refusal_names_the_file_that_was_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for path, code in [
        (tmp_path / "none" / "a", errno.ENOENT),
        (pathlib.Path("none/a"), errno.ENOENT),
        (pathlib.Path("../none/a"), errno.ENOENT),
        (tmp_path / "folder", errno.EISDIR),
    ]:
        with pytest.raises(OSError) as caught:
            atomic.write_text(path, "x")
        assert (caught.value.filename, caught.value.filename2) == (str(path), None)
        assert caught.value.errno == code
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_refusal_names_the_folder_that_was_meant(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FileNotFoundError) as caught, atomic.folder(tmp_path / "a") as aside:
        (aside / "none" / "b").write_text("x")
    assert caught.value.filename == str(tmp_path / "a")
    with pytest.raises(FileNotFoundError) as caught, atomic.folder(tmp_path / "a"):
        (tmp_path / "mine").read_text()
    assert caught.value.filename == str(tmp_path / "mine")  # the caller's own file
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught, atomic.folder(tmp_path / "a"):
        pass
    assert (caught.value.filename, caught.value.errno) == (str(tmp_path / "a"), errno.ENOSPC)


def test_folders_rotate(tmp_path):
    for text in ("one", "two", "three"):
        with atomic.folder(tmp_path / "last", keep=tmp_path / "prev") as aside:
            (aside / "deep").mkdir()
            (aside / "deep" / "a").write_text(text)
    assert (tmp_path / "last" / "deep" / "a").read_text() == "three"
    assert (tmp_path / "prev" / "deep" / "a").read_text() == "two"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_inside_keeps_the_old_folder(tmp_path):
    with atomic.folder(tmp_path / "best") as aside:
        (aside / "a").write_text("old")
    with pytest.raises(RuntimeError), atomic.folder(tmp_path / "best") as aside:
        (aside / "a").write_text("new")
        raise RuntimeError
    assert (tmp_path / "best" / "a").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1
