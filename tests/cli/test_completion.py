"""`dlkit completion`: the words offered, and the script in a real shell."""

import shutil
import subprocess
import sys

import pytest

from dlkit.cli import main
from dlkit.cli.main import VERBS

MANIFEST = """
api = 1
[[model]]
name = "net20"
build = "acme_nets:net20"
summary = "a net"
task = "image-classification"
params = 1
variables = 1
license = "MIT"
"""


@pytest.fixture(autouse=True)
def acme(make_plugin):
    make_plugin("acme-nets", MANIFEST)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([""], [*VERBS, "--help", "--version", "--debug"]),
        (["mo"], ["models"]),
        (["--debug", "doc"], ["doctor"]),
        (["show", "acme"], ["acme-nets/net20"]),
        (["train", "acme-nets/net20", "--dataset", "dig"], ["digits"]),
        (["models", "--pre"], ["--pretrained"]),
        (["models", "--plugin", "acme"], ["acme-nets"]),
        (["models", "--task", "image-c"], ["image-classification"]),
        (["show", "--kind", "anch"], ["anchor_generator"]),
        (["doctor", "--he"], ["--help"]),
        (["eval", ""], []),
        (["nonsense", ""], []),
    ],
)
def test_words(words, found, capsys):
    assert main(["completion", "words", *words]) == 0
    assert capsys.readouterr().out.split() == found


def test_bash(tmp_path, capsys):
    (tmp_path / "dlkit").write_text(f'#!/bin/sh\nexec {sys.executable} -m dlkit "$@"\n')
    (tmp_path / "dlkit").chmod(0o755)
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    press_tab = "COMP_WORDS=(dlkit show acme-n); COMP_CWORD=2; _dlkit; echo ${COMPREPLY[@]}"
    done = subprocess.run(
        ["bash", "-c", f"PATH={tmp_path}:$PATH\n{script}\n{press_tab}"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "acme-nets/net20\n", done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_in_their_shells_language(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "dlkit completion words" in script
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_an_unknown_shell_is_bad_usage(capsys):
    assert main(["completion", "tcsh"]) == 2
    assert "invalid choice: 'tcsh'" in capsys.readouterr().err
