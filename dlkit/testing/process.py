"""Processes that have not seen the plugin: to list in, and to load in."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import weakref
from typing import IO

from dlkit.testing import verdict

TIMEOUT = 300  # seconds


def environment() -> dict[str, str]:
    """The surroundings of a child process: it finds the modules that this process finds."""
    path = [entry or str(pathlib.Path.cwd()) for entry in sys.path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "TF_CPP_MIN_LOG_LEVEL": "2"}


def output(code: str) -> str:
    """What a fresh interpreter prints when it runs `code`.

    Raises:
        CheckFailed: it failed; the last lines that it wrote are in the message.
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    verdict.expect(done.returncode == 0, _ended(done.returncode, done.stderr))
    return done.stdout


class Loader:
    """A process that calls `dlkit.load_model` and nothing else of the plugin's.

    TensorFlow takes seconds to import, so one process serves many files; it forgets the plugin's
    modules and registered classes before each, and so meets every file as a fresh process would.
    """

    def __init__(self):
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "dlkit.testing.reload"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._finalizer = weakref.finalize(self, _close, self._child, self._errors)

    @property
    def alive(self) -> bool:
        """Whether it can take another file."""
        return self._finalizer.alive and self._child.poll() is None

    def load(self, model: pathlib.Path, inputs: pathlib.Path, outputs: pathlib.Path) -> str:
        """Loads a model there, runs it on the arrays of one `.npz`, writes another.

        Returns:
            What went wrong, or nothing.
        """
        request = {"model": str(model), "inputs": str(inputs), "outputs": str(outputs)}
        watch = threading.Timer(TIMEOUT, self._child.kill)
        watch.start()
        try:
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
            answer = self._child.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            watch.cancel()
        if not answer:
            self._child.wait(TIMEOUT)
            self._errors.seek(0)
            return _ended(self._child.returncode, self._errors.read().decode(errors="replace"))
        return json.loads(answer)["error"]

    def close(self) -> None:
        """Ends the process; it ends with this one in any case."""
        self._finalizer()


def _close(child: subprocess.Popen, errors: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):  # it died first: there is nobody to tell
        child.stdin.close()
    child.stdout.close()
    child.kill()
    child.wait()
    errors.close()


def _ended(code: int, errors: str) -> str:
    last = "\n".join(errors.strip().splitlines()[-5:])
    return f"a fresh process ended with code {code}\n{last}"
