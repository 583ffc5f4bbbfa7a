"""One process trains a run at a time: a lock that the system takes away with the process."""

import errno
import logging
import pathlib
import weakref

from dlkit.train.folders import RunError

try:
    import fcntl
except ImportError:  # Windows has no such locks; there it is the user who starts a run once
    fcntl = None

FILE = ".lock"
_LACKING = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # of file systems without such locks

_log = logging.getLogger(__name__)

_held: weakref.WeakValueDictionary[pathlib.Path, "Lock"] = weakref.WeakValueDictionary()


class Lock:
    """Holds a run folder for this process as long as anyone keeps the object."""

    def __init__(self, folder: pathlib.Path):
        self._file = (folder / FILE).open("a")
        taken = _take(self._file)
        if taken is None and fcntl is not None:
            _log.warning("%s cannot be locked there: train it in one process at a time.", folder)
        if taken is False:
            self._file.close()
            raise RunError(
                f"{folder} is being trained by another process.",
                "Let it finish, or stop it; Ctrl-C and SIGTERM let it save",
            )

    @property
    def is_released(self) -> bool:
        """Whether it holds nothing any more."""
        return self._file.closed

    def release(self) -> None:
        """Gives the folder back before the object is gone."""
        self._file.close()


def acquire(folder: pathlib.Path) -> Lock:
    """Locks a run folder for this process, which may do so more than once.

    Raises:
        RunError: another process trains the run.
    """
    folder = folder.resolve()
    lock = _held.get(folder)
    if lock is None or lock.is_released:
        lock = _held[folder] = Lock(folder)
    return lock


def is_held(folder: pathlib.Path) -> bool:
    """Whether a process, this one included, is training the run at this moment."""
    path = folder / FILE
    if not path.exists():
        return False
    with path.open("a") as file:
        return _take(file) is False  # closing it gives back what was taken, and nothing else


def _take(file) -> bool | None:
    """Whether the lock is had now; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _LACKING:
            raise
        return None
    return True
