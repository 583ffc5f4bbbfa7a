"""One of several processes that train together, and what its environment tells it."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence

from dlkit.registry.errors import UsageError
from dlkit.train import flags

Say = Callable[[str], None]


class Worker:
    """One process, whose lines are shown with its number before them and kept in a file.

    Args:
        number: its place among the workers.
        words: its command.
        environ: its environment.
        show: takes a line for the terminal.
        log: the file that its lines are added to.
    """

    def __init__(
        self,
        number: int,
        words: Sequence[str],
        environ: Mapping[str, str],
        show: Say,
        log: pathlib.Path,
    ):
        self.number = number
        self.process = subprocess.Popen(
            words,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the launcher's to pass on, once
        )
        self._reader = threading.Thread(target=self._read, args=(show, log), daemon=True)
        self._reader.start()

    def send(self, number: int) -> None:
        """Sends a signal to the process and to all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def end(self) -> int:
        """Waits for the process and its last line; returns its exit code."""
        code = self.process.wait()
        self._reader.join(timeout=1.0)  # a child that outlives it may hold the pipe
        return code

    def _read(self, show: Say, log: pathlib.Path) -> None:
        """Reads on whatever fails: with a full pipe the process would wait for ever."""

        def keep(line: str) -> None:
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

        for line in self.process.stdout:
            text = line.decode("utf-8", errors="replace").rstrip("\r\n")
            for take, words in ((keep, text), (show, f"[{self.number}] {text}")):
                with contextlib.suppress(Exception):  # a full disk, a closed terminal
                    take(words)


def environments(workers: int, environ: Mapping[str, str] = os.environ) -> list[dict[str, str]]:
    """What each worker's environment has beyond this one's: addresses, GPUs, threads.

    Raises:
        UsageError: there are GPUs, and fewer than workers.
    """
    if workers == 1:
        return [{}]
    addresses = [f"localhost:{port}" for port in _free_ports(workers)]
    shares = _gpus(workers, environ)
    threads = max(1, flags.processors() // workers)
    found = []
    for index in range(workers):
        task = {"type": "worker", "index": index}
        own = {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})}
        if shares:
            own["CUDA_VISIBLE_DEVICES"] = ",".join(shares[index])
        own["TF_NUM_INTRAOP_THREADS"] = environ.get("TF_NUM_INTRAOP_THREADS", str(threads))
        found.append(own)
    return found


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all are held until all are found."""
    with contextlib.ExitStack() as held:
        found = []
        for _ in range(count):
            listener = held.enter_context(socket.socket())
            listener.bind(("localhost", 0))
            found.append(listener.getsockname()[1])
        return found


def _gpus(workers: int, environ: Mapping[str, str]) -> list[list[str]]:
    """Each worker's GPUs, as many for each; none where there are none."""
    named = environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        cards = pathlib.Path("/proc/driver/nvidia/gpus")
        count = len(list(cards.iterdir())) if cards.is_dir() else 0
        there = [str(number) for number in range(count)]
    else:
        there = [name.strip() for name in named.split(",") if name.strip() not in ("", "-1")]
    each = len(there) // workers
    if there and not each:
        raise UsageError(
            f"{workers} workers cannot share {len(there)} GPUs.", f"Start fewer: -n {len(there)}"
        )
    return [there[i * each : (i + 1) * each] for i in range(workers)] if there else []
