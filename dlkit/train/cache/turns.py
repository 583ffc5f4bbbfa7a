"""One process at a time makes a folder, and those that want the same one wait."""

import contextlib
import os
import pathlib
from collections.abc import Iterator
from typing import IO

from dlkit.train import atomic

try:
    import fcntl
except ImportError:  # Windows has no such locks; there each process makes the folder for itself
    fcntl = None


@contextlib.contextmanager
def alone(path: pathlib.Path) -> Iterator[None]:
    """Keeps other processes, and threads, from the same block of the same path.

    The lock is a file beside the path, which is removed after the block. The system takes it from a
    process that is killed, and what that one half wrote is removed by the next.
    """
    if fcntl is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.with_name(f".{path.name}.lock")
    with _locked(file):
        atomic.recover(path.parent, path.name)
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def _locked(file: pathlib.Path) -> IO[str]:
    """Waits for the lock; a file that its holder has removed in the meantime locks nothing."""
    while True:
        held = file.open("a")
        fcntl.flock(held, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(held.fileno()), file.stat()):
                return held
        held.close()
