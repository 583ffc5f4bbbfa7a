"""`dlkit doctor`: healthy or not, why, and what to do; deep looks survive any plugin."""

import json
import sys

import pytest

from dlkit.cli import main, probe
from dlkit.registry import Plugin

MANIFEST = """
api = 1
[[loss]]
name = "loss"
build = "{package}:loss"
summary = "a loss"
"""
GOOD = "def loss(): pass\n"
ENDS = {  # what the package does when it is imported -> state, problem, line
    "fine": (GOOD, "ok", "", 0),
    "chatty": ("import sys\nprint('ok')\nsys.stderr.write('{}')\n" + GOOD, "ok", "", 0),
    "raises": ("\nraise ValueError('two\\nlines')\n", "raises", "ValueError: two lines", 2),
    "syntax": ("def f(:\n", "raises", "SyntaxError: invalid syntax", 0),
    "lacks": ("x = 1\n", "raises", "has no attribute 'loss'", 0),
    "number": ("loss = 3\n", "raises", "TypeError: acme_number:loss cannot be called", 0),
    "exits": ("import sys\nsys.exit(0)\n", "exits", "it calls sys.exit(0)", 2),
    "vanishes": ("import os\nos._exit(0)\n", "crashes", "ended with code 0 and without a word", 0),
    "killed": ("import faulthandler\nfaulthandler._sigsegv()\n", "crashes", "SIGSEGV", 2),
    "aborts": ("import os\n\nos.abort()\n", "crashes", "SIGABRT", 3),
    "asks": ("input('Name? ')\n", "raises", "EOFError", 1),
    "hangs": ("import time\nwhile True:\n    time.sleep(1)\n", "hangs", "not done after 2 s", 3),
    "forks": (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n" + GOOD,
        "ok", "", 0,
    ),
}  # fmt: skip


def plugin(make_plugin, name):
    package = f"acme_{name}"
    manifest = MANIFEST.format(package=package)
    site = make_plugin(f"acme-{name}", manifest, {"__init__.py": ENDS[name][0]})
    return site / package


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX'")
@pytest.mark.parametrize("name", ENDS)
def test_ends_are_told_apart(make_plugin, name):
    _, state, problem, line = ENDS[name]
    folder = plugin(make_plugin, name)
    one = Plugin(
        name="x", distribution=f"acme-{name}", version="0.1", manifest=f"{folder}/dlkit.toml",
        modules=(folder.name,), specs=_specs(folder.name),
    )  # fmt: skip
    finding = probe.examine(one, timeout=2 if state == "hangs" else 60)
    assert finding.state == state, finding
    assert problem in finding.problem
    assert finding.where == (f"{folder}/__init__.py:{line}" if line else "")
    assert 0 < finding.seconds < 60


def _specs(package):
    from dlkit import registry

    return tuple(s for s in registry.list_specs("loss") if s.build.startswith(package))


def test_what_does_not_end_is_ended(make_plugin, monkeypatch):
    """A process that even its own watchdog cannot end is killed from outside."""
    monkeypatch.setattr(probe, "_GRACE", 0.5)
    source = "import faulthandler, time\nfaulthandler.cancel_dump_traceback_later()\ntime.sleep(60)"
    folder = make_plugin("acme-deaf", "api = 1", {"__init__.py": source}) / "acme_deaf"
    one = Plugin(
        name="x", distribution="acme-deaf", version="0.1", manifest=f"{folder}/dlkit.toml",
        modules=("acme_deaf",),
    )  # fmt: skip
    assert probe.examine(one, timeout=1.5).state == "hangs"


def test_healthy(make_plugin, capsys):
    plugin(make_plugin, "fine")
    assert main(["doctor", "acme-fine"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "tensorflow  2." in out
    assert "acme-fine  0.1      ok" in out
    assert out.endswith("\nAll is well.\n")


def test_a_broken_manifest(make_plugin, capsys):
    site = make_plugin("acme-bad", "api = 1\n[[loss]]\nname = 3\n")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert f"acme-bad 0.1: invalid\n  {site}/acme_bad/dlkit.toml: loss[0]" in out
    assert "\n  Check it: dlkit plugin check acme-bad\n" in out
    assert "1 plugin of " in out


def test_another_api(make_plugin, capsys):
    make_plugin("acme-new", "api = 7")
    assert main(["doctor", "acme-new"]) == 1
    out = capsys.readouterr().out
    assert "acme-new 0.1: incompatible\n" in out
    assert "\n  Upgrade: pip install -U dlkit-core\n" in out


def test_left_out_on_purpose_is_no_fault(make_plugin, capsys, monkeypatch):
    monkeypatch.setenv("DLKIT_PLUGINS", "none")
    make_plugin("acme-bad", "api = 1\n[[loss]]\nname = 3\n")
    assert main(["doctor", "acme-bad"]) == 0
    assert "disabled" in capsys.readouterr().out


def test_deep(make_plugin, capsys):
    folder = plugin(make_plugin, "raises")
    assert main(["doctor", "acme-raises"]) == 0
    assert main(["doctor", "acme-raises", "--deep"]) == 1
    out, err = capsys.readouterr()
    assert "[1/1] importing acme-raises …\n" in err
    assert "acme-raises 0.1: raises\n  ValueError: two lines\n" in out
    assert f"  at {folder}/__init__.py:2\n  See all of it: {sys.executable} -X" in out


def test_json(make_plugin, capsys):
    folder = plugin(make_plugin, "exits")
    assert main(["doctor", "acme-exits", "--deep", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    (row,) = found["plugins"]
    assert found["healthy"] is False
    assert found["packages"]["keras"].startswith("3.")
    assert found["python"]["executable"] == sys.executable
    assert (row["state"], row["problem"]) == ("exits", "it calls sys.exit(0)")
    assert row["where"] == f"{folder}/__init__.py:2"


def test_a_missing_package(monkeypatch, capsys):
    from dlkit.cli import doctor

    monkeypatch.setattr(doctor, "_PACKAGES", ("keras", "no-such-package"))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "no-such-package  not installed" in out
    assert "Missing: no-such-package.\n  Install it: pip install no-such-package" in out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("acme-fin", "no plugin 'acme-fin' is installed. Did you mean 'acme-fine'?"),
        ("zzz", "no plugin 'zzz' is installed.\n  See those that are: dlkit plugins"),
    ],
)
def test_unknown_plugin(make_plugin, name, message, capsys):
    plugin(make_plugin, "fine")
    assert main(["doctor", name]) == 1
    assert capsys.readouterr().err.startswith(message)


@pytest.mark.parametrize("word", ["abc", "0", "-3", "nan", "inf", "1e9", ""])
def test_a_timeout_that_is_none(word, capsys):
    assert main(["doctor", f"--timeout={word}"]) == 2
    told = capsys.readouterr().err
    assert f"expected more than 0 seconds and less than 1,000,000, got {word!r}" in told
    assert "_seconds" not in told


def test_a_python_in_a_folder_with_a_space(make_plugin, capsys, monkeypatch):
    from dlkit.cli import doctor

    plugin(make_plugin, "raises")
    finding = probe.Finding("raises", "ValueError: x")
    monkeypatch.setattr(probe, "examine", lambda *_: finding)
    monkeypatch.setattr(doctor.sys, "executable", "/my envs/bin/python")
    assert main(["doctor", "acme-raises", "--deep"]) == 1
    assert "See all of it: '/my envs/bin/python' -X" in capsys.readouterr().out
