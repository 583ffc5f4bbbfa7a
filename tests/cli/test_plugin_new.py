"""`dlkit plugin new`: names, folders, and what is in the files."""

import compileall
import tomllib

import pytest

from dlkit.cli.main import main
from dlkit.cli.plugin import new
from dlkit.registry import errors
from dlkit.testing import static


def test_a_whole_plugin_is_written(tmp_path, capsys):
    assert main(["plugin", "new", "Acme_Nets", "--into", str(tmp_path)]) == 0
    folder = tmp_path / "acme-nets"
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert files == {
        ".gitignore",
        "README.md",
        "acme_nets/__init__.py",
        "acme_nets/dlkit.toml",
        "acme_nets/layers.py",
        "acme_nets/models.py",
        "pyproject.toml",
        "tests/test_conformance.py",
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["acme-nets"]
    printed = capsys.readouterr().out
    for step in ("pip install", f"pytest {folder}", "dlkit train acme-nets/starter"):
        assert step in printed


def test_the_files_are_sound(tmp_path):
    folder = new.write("acme-nets", tmp_path)
    assert not any("$" in file.read_text() for file in folder.rglob("*") if file.is_file())
    assert compileall.compile_dir(folder, quiet=1)
    assert max(len(line) for file in folder.rglob("*.py") for line in file.open()) <= 101
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "acme-nets"
    assert project["dependencies"] == ["dlkit-core"]
    assert project["entry-points"]["dlkit.plugins"] == {"acme_nets": "acme_nets:dlkit.toml"}
    read, problems = static.read(static.place(str(folder)))
    assert problems == []
    assert read.specs[0].full_name == "acme-nets/starter"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("-acme", "is no project name"),
        ("acme nets", "is no project name"),
        ("", "is no project name"),
        ("../acme", "is no project name"),
        ("dlkit-vision", "belongs to dlkit itself"),
        ("DLKIT_Core", "belongs to dlkit itself"),
        ("local", "belongs to dlkit itself"),
        ("3d-nets", "would be imported as '3d_nets', which Python does not allow"),
        ("class", "would be imported as 'class', which Python does not allow"),
        ("json", "would be imported as 'json', which is a module of Python's own"),
        ("Winreg", "would be imported as 'winreg', which is a module of Python's own"),
        ("tests", "would be imported as 'tests', which is what projects call another folder"),
        ("test", "would be imported as 'test', which is what projects call another folder"),
        ("conftest", "would be imported as 'conftest', which is what projects call another"),
        ("dlkit", "belongs to dlkit itself"),
        ("scikit-learn", "is installed here already, and is something else"),
        ("numpy", "would be imported as 'numpy', which means something else here"),
        ("tensorflow", "would be imported as 'tensorflow', which means something else here"),
        ("keras", "would be imported as 'keras', which means something else here"),
    ],
)
def test_a_name_that_would_not_do(tmp_path, capsys, name, why):
    assert main(["plugin", "new", "--into", str(tmp_path), "--", name]) == 2
    told = capsys.readouterr().err
    assert f"{name!r} {why}" in told
    assert "dlkit plugin new acme-nets" in told
    assert list(tmp_path.iterdir()) == []


def test_commands_on_a_path_with_spaces(tmp_path, capsys):
    place = tmp_path / "my plugins"
    assert main(["plugin", "new", "acme-nets", "--into", str(place)]) == 0
    printed = capsys.readouterr().out
    assert f"-e '{place}/acme-nets'\n" in printed
    assert f"pytest '{place}/acme-nets'\n" in printed


def test_a_folder_that_exists_is_not_touched(tmp_path, capsys):
    (tmp_path / "acme-nets").mkdir()
    (tmp_path / "acme-nets" / "thesis.tex").write_text("two years of work")
    assert main(["plugin", "new", "acme-nets", "--into", str(tmp_path)]) == 1
    assert "exists, and nothing in it is overwritten" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "acme-nets").iterdir()] == ["thesis.tex"]


def test_a_disk_that_refuses_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(errors.DlkitError, match="No space left on device"):
        new.write("acme-nets", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_under_a_file(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["plugin", "new", "acme-nets", "--into", str(tmp_path / "file")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_verb_that_is_not_there(capsys):
    assert main(["plugin"]) == 2
    assert main(["plugin", "nwe"]) == 2
    assert "nwe" in capsys.readouterr().err
