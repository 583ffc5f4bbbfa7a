"""Which of several workers this process is, as its environment says.

TensorFlow is not imported: what has to be known before it is, such as whose the run's folder is,
is asked here.
"""

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from dlkit.registry.errors import UsageError

_SLURM = ("SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE", "SLURM_PROCID")


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes that train together, and this one's place among them.

    Attributes:
        addresses: `host:port` of each worker; none where this process trains alone.
        index: this one's place, from 0.
    """

    addresses: tuple[str, ...] = ()
    index: int = 0

    def __len__(self) -> int:
        return max(1, len(self.addresses))

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes the log, the report and the best model."""
        return self.index == 0


def current(environ: Mapping[str, str] = os.environ) -> Cluster:
    """The workers that `TF_CONFIG` names, or the tasks of a step of SLURM; else this process alone.

    Under SLURM, `srun` starts the workers, one a task, in blocks of nodes as is its default; each
    uses the GPUs that it is given (`--gpus-per-task=1`).

    Raises:
        UsageError: the environment says something that cannot be.

    Example:
        >>> current({"SLURM_STEP_NUM_TASKS": "1"})
        Cluster(addresses=(), index=0)
    """
    if environ.get("TF_CONFIG"):
        return _of_tf_config(environ["TF_CONFIG"])
    if environ.get("SLURM_STEP_NUM_TASKS", "1") != "1":
        return _of_slurm(environ)
    return Cluster()


def hosts(text: str) -> list[str]:
    """The names that a list of SLURM's stands for, in its order.

    Example:
        >>> hosts("n[08-10,12],gpu4")
        ['n08', 'n09', 'n10', 'n12', 'gpu4']
    """
    found = []
    for prefix, ranges, suffix in re.findall(r"([^,\[\]]*)(?:\[([^\]]*)\]([^,\[]*))?(?:,|$)", text):
        if not ranges:
            found += [prefix] if prefix else []
            continue
        for part in ranges.split(","):
            first, _, last = part.partition("-")
            numbers = range(int(first), int(last or first) + 1)
            found += [f"{prefix}{number:0{len(first)}d}{suffix}" for number in numbers]
    return found


def counts(text: str) -> list[int]:
    """The numbers that a list such as SLURM's `2(x3),1` stands for: here 2, 2, 2, 1."""
    found = []
    for part in text.split(","):
        number, times = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part).groups()
        found += [int(number)] * int(times or 1)
    return found


def _of_tf_config(text: str) -> Cluster:
    try:
        config = json.loads(text)
        jobs = {str(job): tuple(map(str, there)) for job, there in config["cluster"].items()}
        kind, index = str(config["task"]["type"]), int(config["task"]["index"])
        addresses = (*jobs.pop("chief", ()), *jobs.pop("worker", ()))
        place = index + len(config["cluster"].get("chief", ())) * (kind == "worker")
        if jobs or kind not in ("chief", "worker") or not 0 <= place < len(addresses):
            raise ValueError("its task is no worker, or there are jobs that are none")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f"TF_CONFIG cannot be used ({type(error).__name__}: {error}).",
            'It reads {"cluster": {"worker": ["HOST:PORT", …]}, "task": {"type": "worker", '
            '"index": 0}}; `dlkit launch` sets it',
        ) from None
    return Cluster(addresses, place) if len(addresses) > 1 else Cluster()


def _of_slurm(environ: Mapping[str, Any]) -> Cluster:
    """TensorFlow's resolver is not used: it sorts nodes by name, `n10` before `n9`."""
    try:
        names, tasks = hosts(environ[_SLURM[0]]), counts(environ[_SLURM[1]])
        index = int(environ[_SLURM[2]])
        base = 20_000 + int(environ.get("SLURM_JOB_ID", 0)) % 20_000  # jobs may share a node
        addresses = tuple(
            f"{name}:{base + i}" for name, n in zip(names, tasks, strict=True) for i in range(n)
        )
        if not 0 <= index < len(addresses):
            raise ValueError(f"task {index} of {len(addresses)}")
    except (ValueError, LookupError, AttributeError) as error:
        raise UsageError(
            f"SLURM's environment cannot be used ({type(error).__name__}: {error}).",
            f"Start the workers with srun, which sets {', '.join(_SLURM)}",
        ) from None
    return Cluster(addresses, index)
