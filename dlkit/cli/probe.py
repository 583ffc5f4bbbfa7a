"""Imports a plugin in a process of its own, where it may raise, exit, crash or hang.

`examine` starts the process and judges its end; `main` is what runs in it.
"""

import dataclasses
import faulthandler
import importlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from dlkit import registry

_GRACE = 5.0  # seconds from the watchdog's last word in the process to the end from outside
_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in ', re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """How an import ended.

    Attributes:
        state: `ok`, `raises`, `exits`, `crashes` or `hangs`.
        problem: what happened: the traceback's last line, the exit code or the signal.
        where: `file:line` in the plugin's code, where it is known.
        seconds: how long it took.
    """

    state: str
    problem: str = ""
    where: str = ""
    seconds: float = 0.0


def examine(plugin: registry.Plugin, timeout: float) -> Finding:
    """Imports a plugin's declared modules and looks for its builders.

    Args:
        plugin: a plugin that discovery found to be `ok`.
        timeout: seconds until it counts as hanging.
    """
    started = time.monotonic()
    package = str(pathlib.Path(plugin.manifest).parent)
    targets = [entry.build for entry in plugin.specs if entry.build]
    with tempfile.TemporaryDirectory(prefix="dlkit-doctor-") as folder:
        said, log = pathlib.Path(folder, "said.json"), pathlib.Path(folder, "log.txt")
        order = {"modules": plugin.modules, "targets": targets, "package": package}
        code = _run([str(said), json.dumps(order | {"timeout": timeout})], log, timeout)
        finding = _judge(code, said, log.read_text(errors="replace"), package)
    took = time.monotonic() - started
    if finding.state == "hangs":
        finding = dataclasses.replace(finding, problem=f"not done after {timeout:g} s")
    return dataclasses.replace(finding, seconds=round(took, 2))


def _run(words: list[str], log: pathlib.Path, timeout: float) -> int | None:
    """The process's exit code; None where it had to be ended. Its output goes into the log."""
    path = os.pathsep.join(entry or str(pathlib.Path.cwd()) for entry in sys.path)
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", "from dlkit.cli import probe; probe.main()", *words],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that what it starts itself can be ended with it
        )
        try:
            return process.wait(timeout + _GRACE)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)


def _end(process: subprocess.Popen) -> None:
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:  # it ended, and so did all that it started
            return
        except PermissionError:  # the same, on systems that keep the group until it is waited for
            process.kill()
    else:
        process.kill()
    process.wait()


def _judge(code: int | None, said: pathlib.Path, log: str, package: str) -> Finding:
    if said.exists():
        return Finding(**json.loads(said.read_text()))
    frames = [(match["file"], match["line"]) for match in _FRAME.finditer(log)]
    own = [frame for frame in frames if frame[0].startswith(package)] or frames
    where = ":".join(own[0]) if own else ""
    if code is None or "Timeout (" in log:
        return Finding("hangs", where=where)
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        return Finding("crashes", f"the process was killed by {name}", where)
    return Finding("crashes", f"the process ended with code {code} and without a word", where)


def main() -> None:
    """Does what the words say, and writes how it ended into the file that they name."""
    said, order = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
    faulthandler.enable()  # a crash leaves its place in the log
    faulthandler.dump_traceback_later(order["timeout"], exit=True)
    try:
        finding = _imported(order)
    except SystemExit as stop:
        finding = _failed("exits", f"it calls sys.exit({stop.code!r})", stop, order["package"])
    except BaseException as error:  # noqa: BLE001 (foreign code may raise anything)
        last = " ".join(traceback.format_exception_only(error)[-1].split())
        finding = _failed("raises", last, error, order["package"])
    said.write_text(json.dumps(dataclasses.asdict(finding)))
    os._exit(0)  # what the plugin left running, and its exit handlers, are of no interest


def _imported(order: dict) -> Finding:
    for module in order["modules"]:
        importlib.import_module(module)
    for target in order["targets"]:
        module, _, path = target.partition(":")
        found = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
        if not callable(found):
            return Finding("raises", f"TypeError: {target} cannot be called")
    return Finding("ok")


def _failed(state: str, problem: str, error: BaseException, package: str) -> Finding:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(package)]
    return Finding(state, problem, f"{own[-1].filename}:{own[-1].lineno}" if own else "")
