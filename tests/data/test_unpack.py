"""Honest archives of every kind; hostile ones are in tests/safety/test_archives.py."""

import io
import os
import tarfile
import zipfile

import pytest

from dlkit.data import unpack
from dlkit.data.errors import DataError

FILES = {"a.txt": b"first", "folder/b.bin": bytes(100_000), "folder/deep/c": b"", "ä/ö": b"x"}


def pack(path, kind):
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.mkdir("empty")
            for name, content in FILES.items():
                archive.writestr(name, content)
        return path
    mode, form = ("w:" + kind.partition(" ")[0].removeprefix("tar")), kind.partition(" ")[2]
    with tarfile.open(path, mode, format=int(form or tarfile.DEFAULT_FORMAT)) as archive:
        for name in (".", "./empty"):
            found = tarfile.TarInfo(name)
            found.type = tarfile.DIRTYPE
            archive.addfile(found)
        for name, content in FILES.items():
            found = tarfile.TarInfo(f"./{name}")
            found.size = len(content)
            archive.addfile(found, io.BytesIO(content))
    return path


KINDS = ["zip", "tar", "targz", "tarbz2", f"tar {tarfile.GNU_FORMAT}", f"tar {tarfile.PAX_FORMAT}"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_packed_comes_out(tmp_path, kind):
    folder = tmp_path / "new" / "folder"
    unpack.unpack(pack(tmp_path / "archive", kind), folder)
    found = {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    assert {name.replace(os.sep, "/"): content for name, content in found.items()} == FILES
    assert (folder / "empty").is_dir()
    assert [path.name for path in folder.parent.iterdir()] == ["folder"]


@pytest.mark.parametrize("kind", KINDS[:4])
def test_a_damaged_archive_leaves_nothing(tmp_path, kind):
    path = pack(tmp_path / "archive", kind)
    content = path.read_bytes()
    for cut in (0, 1, len(content) // 2, len(content) - 20):
        path.write_bytes(content[:cut])
        if kind == "tar" and cut == len(content) - 20:
            continue  # which is padding
        with pytest.raises(DataError, match="is no archive that can be unpacked, or is damaged"):
            unpack.unpack(path, tmp_path / "into" / "folder")
        assert list((tmp_path / "into").iterdir()) == []


def test_what_is_no_archive(tmp_path):
    path = tmp_path / "archive"
    path.write_bytes(b"plain text, and nothing else" * 100)
    with pytest.raises(DataError, match="is no archive"):
        unpack.unpack(path, tmp_path / "folder")
    with pytest.raises(FileNotFoundError):
        unpack.unpack(tmp_path / "missing", tmp_path / "folder")


def test_who_was_quicker_is_left_alone(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "theirs").write_text("x")
    unpack.unpack(pack(tmp_path / "archive", "zip"), folder)
    assert [path.name for path in folder.iterdir()] == ["theirs"]
