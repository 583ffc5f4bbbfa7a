"""One process trains a run at a time: a lock that the system takes away with the process."""

import pathlib
from typing import Any

from dlkit.train.folders import RunError

try:
    import fcntl
except ImportError:  # Windows has no such locks; there it is the user who starts a run once
    fcntl = None

FILE = ".lock"


def acquire(folder: pathlib.Path) -> Any:
    """Locks a run folder for this process, until the object that comes back is gone.

    Raises:
        RunError: another process trains the run.
    """
    file = (folder / FILE).open("a")
    if not _lock(file):
        file.close()
        raise RunError(
            f"{folder} is being trained by another process.",
            "Let it finish, or stop it; Ctrl-C and SIGTERM let it save",
        )
    return file


def is_held(folder: pathlib.Path) -> bool:
    """Whether another process is training the run at this moment."""
    path = folder / FILE
    if fcntl is None or not path.exists():
        return False
    with path.open("a") as file:
        return not _lock(file)  # closing it gives the lock back


def _lock(file: Any) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
