"""`dlkit plugin sync`."""

import json
import sys

import pytest

from dlkit import registry
from dlkit.cli.main import main
from tests.testing.sound import MANIFEST, MODELS

STALE = """
api = 1  # the only one there is
modules = ["faulty_nets.models"]

# Two small networks.
[[model]]
name = "net"
build = "faulty_nets.models:net"
summary = "A small network with one of everything"
task = "image-classification"
license = "MIT"
params    = 0      # trainable
variables = 1_000  # all
input_shape = [8, 8, 1]
num_classes = 3

[model.levels]  # of the pyramid
C1 = { layer = "act", stride = 9, channels = 4 }  # the only stage
"""

SYNCED = (
    STALE.replace("params    = 0 ", "params    = 67 ")
    .replace("1_000", "75")
    .replace("stride = 9", "stride = 2")
)


@pytest.fixture
def install(make_plugin):
    """Installs a manifest as an editable install would: its file is on no list of pip's."""

    def write(manifest):
        site = make_plugin("faulty-nets", manifest, {"models.py": MODELS}, refresh=False)
        next(site.glob("*.dist-info/RECORD")).unlink()
        registry.refresh()
        return site / "faulty_nets" / "dlkit.toml"

    return write


def test_what_is_built_is_written_and_all_else_stays(install, capsys):
    path = install(STALE)
    assert main(["plugin", "sync", "faulty-nets"]) == 0
    assert path.read_text() == SYNCED
    assert capsys.readouterr().out.splitlines() == [
        "net: params is 67, the manifest says 0",
        "net: variables is 75, the manifest says 1000",
        "net: levels.C1.stride is 2, the manifest says 9",
        f"{path}: 3 differences; written.",
    ]
    assert registry.model_info("faulty-nets/net").params == 67
    assert list(path.parent.glob(".dlkit.toml*")) == []
    assert main(["plugin", "sync", "faulty-nets", "--check"]) == 0
    assert capsys.readouterr().out == f"{path}: up to date.\n"


def test_check_writes_nothing_and_exits_1(install, capsys):
    path = install(STALE)
    assert main(["plugin", "sync", "faulty-nets", "--check"]) == 1
    assert path.read_text() == STALE
    assert capsys.readouterr().out.endswith("3 differences; nothing was written.\n")
    assert main(["plugin", "sync", "faulty-nets", "--check", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {"name": "net", "key": "params", "said": 0, "found": 67}


def test_a_manifest_that_is_right_is_not_touched(install):
    path = install(MANIFEST)
    before = path.stat().st_mtime_ns
    assert main(["plugin", "sync", "faulty-nets"]) == 0
    assert path.stat().st_mtime_ns == before


def test_large_numbers_are_grouped(install):
    path = install(STALE.replace("1_000", "0"))
    sized = path.parent / "models.py"
    sized.write_text(MODELS.replace("Conv2D(4, ", "Conv2D(4000, "))
    main(["plugin", "sync", "faulty-nets"])
    assert "params    = 64_003 " in path.read_text()
    assert "channels = 4000" in path.read_text()


def test_pips_own_copy_is_left_alone(make_plugin, tmp_path, capsys):
    site = make_plugin("faulty-nets", STALE, {"models.py": MODELS}, refresh=False)
    info = next(site.glob("*.dist-info"))
    (info / "direct_url.json").write_text(json.dumps({"url": tmp_path.as_uri()}))
    registry.refresh()
    assert main(["plugin", "sync", "faulty-nets"]) == 1
    told = capsys.readouterr().err
    assert "is pip's copy of faulty-nets; the next install would undo a change there." in told
    assert f"Install its source: pip install --no-build-isolation -e {tmp_path}" in told
    assert main(["plugin", "sync", "faulty-nets", "--check"]) == 1  # looking is allowed
    assert (site / "faulty_nets" / "dlkit.toml").read_text() == STALE


def test_a_source_in_a_folder_with_a_space(make_plugin, tmp_path, capsys):
    source = tmp_path / "my plugins"
    source.mkdir()
    site = make_plugin("faulty-nets", STALE, {"models.py": MODELS}, refresh=False)
    (next(site.glob("*.dist-info")) / "direct_url.json").write_text(
        json.dumps({"url": source.as_uri()})
    )
    registry.refresh()
    assert main(["plugin", "sync", "faulty-nets"]) == 1
    assert f"--no-build-isolation -e '{source}'\n" in capsys.readouterr().err


def test_a_level_of_no_layer(install, capsys):
    path = install(STALE.replace('"act"', '"atc"'))
    assert main(["plugin", "sync", "faulty-nets"]) == 1
    told = capsys.readouterr().err
    assert "levels.C1: there is no layer 'atc'. Did you mean 'act'?" in told
    assert f"Name one in its manifest: {path}: model[0]" in told


def test_a_disk_that_refuses_leaves_the_file_as_it_was(install, capsys, monkeypatch):
    path = install(STALE)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    assert main(["plugin", "sync", "faulty-nets"]) == 1
    told = capsys.readouterr().err
    assert f"{path} cannot be written (No space left on device); it is as it was." in told
    assert "Make it writable, then: dlkit plugin sync faulty-nets\n" in told
    assert path.read_text() == STALE
    assert [file.name for file in path.parent.iterdir() if file.suffix == ".tmp"] == []


def test_without_tomlkit_the_extra_is_named(install, capsys, monkeypatch):
    install(STALE)
    monkeypatch.setitem(sys.modules, "tomlkit", None)
    assert main(["plugin", "sync", "faulty-nets"]) == 1
    assert 'Install it: pip install "dlkit-core[testing]"' in capsys.readouterr().err


def test_a_plugin_that_is_not_there(capsys):
    assert main(["plugin", "sync", "acme-nets"]) == 1
    assert "pip install acme-nets" in capsys.readouterr().err
    assert main(["plugin", "sync", "./acme-nets"]) == 2
    assert "'./acme-nets' is no plugin's name" in capsys.readouterr().err


def test_a_plugin_by_its_folder(install):
    path = install(STALE)
    assert main(["plugin", "sync", str(path.parent)]) == 0
    assert path.read_text() == SYNCED
