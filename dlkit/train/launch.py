"""Workers on this machine: started together, watched, and begun again together where one dies.

Nothing here imports TensorFlow. A worker that dies leaves the others waiting for it in their next
sum of gradients, so all are killed and started anew; they go on from the newest step that all of
them saved.
"""

import contextlib
import os
import pathlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from dlkit.train import worker
from dlkit.train.worker import Say, Worker

ASKED = (130, 143, -signal.SIGINT, -signal.SIGTERM)  # exit codes of workers that were told to end
USAGE, DIVERGED = 2, 3  # exit codes that another life would end with too
SETTLE = 1.0  # seconds after a first death for the others to tell theirs
GRACE = 60.0  # seconds for the others to save, once the first has ended on a signal
INQUIRY = 600.0  # seconds for the first worker to find out why training diverged


class Signals:
    """Passes SIGINT and SIGTERM on to the workers; a second one kills them.

    SIGHUP is passed on as SIGTERM, and kills nobody: a terminal that closes may send it twice.

    Attributes:
        passed_on: what the workers were sent last.
        workers: those of this life.
    """

    def __init__(self):
        self.passed_on: int | None = None
        self.workers: list[Worker] = []

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """Catches them while the block runs, in the main thread; elsewhere Python has none."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._pass_on) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def add(self, one: Worker) -> None:
        """Takes a worker that was started; what came before it is passed on to it now."""
        self.workers.append(one)
        if self.passed_on:
            one.send(self.passed_on)

    def _pass_on(self, number: int, frame: object) -> None:
        if number == signal.SIGHUP:
            if self.passed_on:
                return
            number = signal.SIGTERM
        self.passed_on = signal.SIGKILL if self.passed_on else number
        for each in self.workers:
            each.send(self.passed_on)


def launch(
    command: Callable[[int], Sequence[str]],
    workers: int,
    *,
    logs: str | os.PathLike,
    progress: Callable[[], object],
    restarts: int = 3,
    show: Say,
    say: Say,
) -> int:
    """Runs a command on several workers until all have done it.

    All are started again where one is killed, or fails after the run has got on. Where one fails
    without that, it would only fail again.

    Args:
        command: the words for a life of the workers, from 0.
        workers: how many.
        logs: the folder for `worker-0.log`, ….
        progress: a value that is another once the run has got on.
        restarts: how often they may be started again.
        show: takes the workers' lines.
        say: takes the launcher's own.

    Returns:
        The exit code: 0, or that of the first worker that failed, 128 and the signal's number where
        it was killed.

    Raises:
        UsageError: there are GPUs, and fewer than workers.
    """
    logs = pathlib.Path(logs)
    logs.mkdir(parents=True, exist_ok=True)
    signals = Signals()
    showing = threading.Lock()

    def show_alone(line: str) -> None:
        with showing:  # each worker is read by a thread of its own; their lines are not to mix
            show(line)

    with signals.caught():
        for life in range(restarts + 1):
            before = progress()
            codes = _live(command(life), workers, logs, show_alone, signals)
            failed = _first(codes)
            if failed is None or signals.passed_on or not _is_worth(codes, progress() != before):
                break
            ended = f"worker {failed} {_told(codes[failed])}"
            if life == restarts:
                say(f"{ended}. That was the last of {restarts} restarts.")
                break
            pause = min(2.0**life, 60.0)
            say(f"{ended}. Starting all again in {pause:g} s ({life + 1} of {restarts}).")
            if _interrupted(pause, signals):
                break
    if failed is None:
        return 0
    return codes[failed] if codes[failed] >= 0 else 128 - codes[failed]


def _live(
    words: Sequence[str], workers: int, logs: pathlib.Path, show: Say, signals: Signals
) -> dict[int, int]:
    """One life of the workers; the exit codes of those that ended by themselves."""
    signals.workers = []
    codes: dict[int, int] = {}
    try:
        for number, own in enumerate(worker.environments(workers)):
            environ = {**os.environ, "PYTHONUNBUFFERED": "1", **own}
            log = logs / f"worker-{number}.log"
            signals.add(Worker(number, words, environ, show, log))
        _wait(signals, codes)
    finally:
        for each in signals.workers:
            if each.number not in codes:
                each.send(signal.SIGKILL)
            each.end()
    return codes


def _wait(signals: Signals, codes: dict[int, int]) -> None:
    """Adds the exit code of each worker that ends, as long as the others may still end too."""
    deadline = float("inf")
    while len(codes) < len(signals.workers) and time.monotonic() < deadline:
        for each in signals.workers:
            code = each.process.poll()
            if code is None or each.number in codes:
                continue
            codes[each.number] = code
            if code != 0:
                patience = GRACE if signals.passed_on else _patience(code)
                deadline = min(deadline, time.monotonic() + patience)
        time.sleep(0.05)


def _patience(code: int) -> float:
    """How many seconds the others have, once one has ended with a code."""
    if code in ASKED:
        return GRACE
    return INQUIRY if code == DIVERGED else SETTLE


def _first(codes: Mapping[int, int]) -> int | None:
    """The worker to name: one that was killed before one that failed, which may be for that."""
    failed = [number for number, code in codes.items() if code != 0]
    return min(failed, key=lambda number: (codes[number] >= 0, number), default=None)


def _is_worth(codes: Mapping[int, int], got_on: bool) -> bool:
    """Whether a next life may go better."""
    failed = [code for code in codes.values() if code != 0]
    if any(code in (USAGE, DIVERGED, *ASKED) for code in failed):
        return False
    return got_on or any(code < 0 for code in failed)


def _told(code: int) -> str:
    if code >= 0:
        return f"failed with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _interrupted(seconds: float, signals: Signals) -> bool:
    """Waits; true as soon as there is a signal."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not signals.passed_on:
        time.sleep(0.05)
    return signals.passed_on is not None
