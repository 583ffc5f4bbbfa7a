"""Verbs, exit codes and messages of the command as a whole."""

import errno
import importlib
import os
import pathlib
import signal
import subprocess
import sys
import types

import pytest

from dlkit.cli import main
from dlkit.cli.main import VERBS
from dlkit.registry import DlkitError, UsageError


@pytest.fixture
def verb(monkeypatch):
    """Makes a verb `boom` of a function; the words run are given to `main`."""

    def make(run):
        module = types.ModuleType("boom_verb")
        module.NAME, module.HELP = "boom", "for a test"
        module.configure = lambda parser: parser.add_argument("--size", type=int)
        module.run = run
        monkeypatch.setitem(sys.modules, "boom_verb", module)
        monkeypatch.setitem(VERBS, "boom", ("boom_verb", "for a test"))

    return make


def raising(error):
    def run(args):
        raise error

    return run


@pytest.mark.parametrize("name", VERBS)
def test_verbs_have_one_shape(name):
    module = importlib.import_module(VERBS[name][0])
    assert name == module.NAME
    assert module.HELP and callable(module.configure) and callable(module.run)


def test_help_names_every_verb(capsys):
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert all(f"  {name} " in out for name in VERBS)
    assert err == ""


def test_help_of_a_verb(capsys):
    assert main(["models", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--pretrained" in out and "--debug" in out


def test_version(capsys):
    import dlkit

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dlkit {dlkit.__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "usage: dlkit"),
        (["modles"], "no verb 'modles'. Did you mean 'models'?\n  See: dlkit --help"),
        (["xyzzy"], "no verb 'xyzzy'.\n"),
        (["--jsn"], "unrecognized arguments: --jsn"),
        (["models", "--tsk", "x"], "dlkit models takes no option '--tsk'. Did you mean '--task'?"),
        (["models", "a", "b"], "dlkit models takes no argument 'b'."),
        (["models", "--task"], "expected one argument"),
        (["show"], "show what?"),
        (["doctor", "--timeout", "0"], "expected more than 0 seconds"),
    ],
)
def test_bad_usage_is_2(words, message, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            DlkitError("it broke.", "Mend it: dlkit doctor"),
            1,
            "it broke.\n  Mend it: dlkit doctor\n",
        ),
        (UsageError("say it so."), 2, "say it so.\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (BrokenPipeError(), 141, ""),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/a/log.csv"),
            1,
            "runs/a/log.csv: No space left on device\n  Free some space there",
        ),
        (
            OSError(errno.EROFS, os.strerror(errno.EROFS), pathlib.Path("runs")),
            1,
            "runs: Read-only file system\n  Choose a folder that can be written to\n",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file", "a", None, "b"),
            1,
            "a -> b: No such file",
        ),
        (OSError("half a message"), 1, "half a message\n"),
        (
            ValueError("two\nlines"),
            1,
            "internal error: ValueError: two lines\n  See where: dlkit --debug boom --size 3\n",
        ),
        (SystemExit(0), 1, "internal error: SystemExit: 0"),
    ],
)
def test_failures_are_told_in_a_line(error, code, message, verb, capsys):
    verb(raising(error))
    assert main(["boom", "--size", "3"]) == code
    err = capsys.readouterr().err
    assert err.startswith(message) if message else err == ""
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [["--debug", "boom"], ["boom", "--debug"]])
@pytest.mark.parametrize("error", [DlkitError("it broke."), KeyError("x")])
def test_debug_shows_the_traceback(words, error, verb, capsys):
    verb(raising(error))
    assert main(words) == 1
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert "in run" in err


def test_debug_behind_a_double_dash_is_the_verbs_own(verb, capsys):
    seen = []
    verb(lambda args: seen.append(args) or 0)
    assert main(["boom", "--", "--debug"]) == 2
    assert "takes no option '--debug'" in capsys.readouterr().err
    assert seen == []


def test_closed_pipe_is_no_failure(many_plugins):
    # `true` has ended before anything is written; `head` may let all of it into the pipe first.
    command = f"{sys.executable} -m dlkit models --json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout == "141\n"
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_full_disk_behind_stdout(dlkit_command):
    with open("/dev/full", "w") as full:
        done = dlkit_command("plugins", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "No space left on device"
    assert "Exception ignored" not in done.stderr


def test_interrupted_from_outside(tmp_path):
    code = (
        "import signal, sys, time, types; from dlkit.cli.main import VERBS, main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in a background job
        "module = types.ModuleType('slow'); module.NAME = 'slow'; module.HELP = 'sleep'\n"
        "module.configure = lambda parser: None\n"
        "module.run = lambda args: print('ready', flush=True) or time.sleep(60)\n"
        "sys.modules['slow'] = module; VERBS['slow'] = ('slow', '')\n"
        "sys.exit(main(['slow']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "interrupted\n"
