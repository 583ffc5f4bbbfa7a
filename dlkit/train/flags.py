"""What changes what TensorFlow computes, or in which order: environment variables, processors.

The variables act when TensorFlow is imported, so this module imports none of it.
"""

import json
import os
import pathlib
import sys

NAMES = (
    "OMP_NUM_THREADS",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)


def current() -> dict[str, str]:
    """Those that are set."""
    return {name: os.environ[name] for name in NAMES if name in os.environ}


def adopt(folder: str | os.PathLike) -> None:
    """Sets them as they were in a run that is to go on; without effect once TensorFlow is there."""
    try:
        recorded = json.loads((pathlib.Path(folder) / "env.json").read_bytes())["flags"]
    except (OSError, ValueError, LookupError, TypeError):  # opening the run tells what is wrong
        return
    if "tensorflow" in sys.modules:
        return
    for name in NAMES:
        if name in recorded:
            os.environ[name] = recorded[name]
        else:
            os.environ.pop(name, None)


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
