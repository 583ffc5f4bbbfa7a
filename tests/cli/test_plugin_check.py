"""`dlkit plugin check`."""

import json

import pytest

from dlkit.cli.main import main
from tests.testing.sound import MANIFEST, MODELS

FILES = {"models.py": MODELS}


@pytest.fixture
def faulty(make_plugin):
    """Installs the sound plugin, with one change."""

    def install(old="", new=""):
        text = MANIFEST.replace(old, new) if old else MANIFEST
        return make_plugin("faulty-nets", text, FILES) / "faulty_nets" / "dlkit.toml"

    return install


def test_every_check_gets_a_line(faulty, capsys):
    faulty()
    words = ["--only", "params_match", "--only", "shapes"]
    assert main(["plugin", "check", "faulty-nets", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [
        ["ok", "net-params_match"],
        ["ok", "net-shapes"],
    ]
    assert lines[2] == "2 checks, all ok"


def test_a_failure_has_its_reason_and_exit_code_1(faulty, capsys):
    faulty("params = 67", "params = 70")
    code = main(["plugin", "check", "faulty-nets", "--model", "net", "--only", "params_match"])
    assert code == 1
    printed = capsys.readouterr().out
    assert "FAILED  net-params_match" in printed
    assert "        params: the manifest says 70, the model has 67\n" in printed
    assert printed.endswith("1 check, 1 FAILED\n")


def test_a_reason_that_comes_again_is_told_once(make_plugin, capsys):
    broken = MODELS.replace("    x = image =", "    raise ValueError('too small')\n    x = image =")
    make_plugin("faulty-nets", MANIFEST, {"models.py": broken})
    words = ["--model", "net", "--only", "shapes", "--only", "seeded"]
    assert main(["plugin", "check", "faulty-nets", *words]) == 1
    _, reason, *_, again, _ = capsys.readouterr().out.splitlines()
    assert "could not be built" in reason and again.strip() == "as above"


def test_as_json(faulty, capsys):
    faulty("variables = 75", "variables = 76")
    words = ["plugin", "check", "faulty-nets", "--json", "--only", "params_match"]
    assert main([*words, "--only", "manifest"]) == 1
    manifest, params = json.loads(capsys.readouterr().out)
    assert (manifest["name"], manifest["state"], manifest["reason"]) == ("manifest", "ok", "")
    assert (params["name"], params["state"]) == ("net-params_match", "failed")
    assert "the manifest says 76" in params["reason"]
    assert main(["plugin", "check", "faulty-nets", "--json", "--list"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"name": "net-seeded", "check": "seeded", "model": "net"} in rows


def test_the_list_names_the_ids_that_tests_have(faulty, capsys):
    faulty()
    assert main(["plugin", "check", "faulty-nets", "--list"]) == 0
    assert "net-save_load_fresh_process" in capsys.readouterr().out.splitlines()


def test_a_wrong_manifest_lists_all_its_problems_and_runs_nothing(make_plugin, capsys):
    text = MANIFEST.replace("params = 67", 'params = "67"').replace('dataset = "digits"\n', "")
    path = make_plugin("faulty-nets", text, {"models.py": "raise SystemExit(3)"})
    assert main(["plugin", "check", "faulty-nets"]) == 1
    lines = capsys.readouterr().out.splitlines()
    file = path / "faulty_nets" / "dlkit.toml"
    expected = "model[0].params: expected an integer of 0 or more, got the string '67' (in 'net')"
    assert lines[0] == f"{file}: {expected}"
    assert lines[1].startswith(f"{file}: recipe[0].dataset: missing, and it is required")
    assert lines[2] == "2 problems"
    assert main(["plugin", "check", "faulty-nets", "--json"]) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["state"]) == ("manifest", "failed")


def test_static_runs_no_code(make_plugin, capsys):
    make_plugin("faulty-nets", MANIFEST, {"models.py": "raise SystemExit(3)"})
    assert main(["plugin", "check", "faulty-nets", "--static"]) == 0
    assert capsys.readouterr().out.endswith("dlkit.toml: no problems.\n")


def test_a_folder_that_is_not_installed(tmp_path, capsys):
    assert main(["plugin", "new", "acme-nets", "--into", str(tmp_path)]) == 0
    capsys.readouterr()
    folder = tmp_path / "acme-nets"
    assert main(["plugin", "check", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "no problems" in printed
    assert f"Install it: pip install --no-build-isolation -e {folder}\n" in printed
    assert main(["plugin", "check", str(folder / "acme_nets" / "dlkit.toml")]) == 0
    assert f"Install it: pip install --no-build-isolation -e {folder}\n" in capsys.readouterr().out


def test_a_folder_with_a_space(tmp_path, capsys):
    assert main(["plugin", "new", "acme-nets", "--into", str(tmp_path / "my plugins")]) == 0
    assert main(["plugin", "check", str(tmp_path / "my plugins" / "acme-nets")]) == 0
    assert f"-e '{tmp_path}/my plugins/acme-nets'\n" in capsys.readouterr().out


def test_a_folder_that_is_installed_is_checked_by_its_code(faulty, capsys):
    manifest = faulty()
    assert main(["plugin", "check", str(manifest.parent), "--only", "layer_names"]) == 0
    assert "ok      net-layer_names" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["acme-nets"], 1, "plugin 'acme-nets' is in acme-nets, which is not installed."),
        (["./acme"], 2, "'./acme' is no plugin's name, and there is no such folder or file."),
        ([""], 2, "'' is no plugin's name"),
        (["faulty-nets", "--only", "shape"], 2, "has no check 'shape'. Did you mean 'shapes'?"),
        (["faulty-nets", "--model", "lenet"], 2, "faulty-nets has no model 'lenet'."),
    ],
)
def test_what_is_not_there_is_refused(faulty, capsys, words, code, message):
    faulty()
    assert main(["plugin", "check", *words]) == code
    assert message in capsys.readouterr().err
