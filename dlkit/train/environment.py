"""What a run ran on: enough to explain a figure, and to run it again."""

import datetime
import pathlib
import platform
import shlex
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import dlkit
from dlkit import registry
from dlkit.data.source import Source
from dlkit.train import flags
from dlkit.train.recipe import Recipe


def describe(model: keras.Model, recipe: Recipe, source: Source) -> dict[str, Any]:
    """Versions, machine, threads, command, model and data of a run, as plain values."""
    entry = registry.model_info(recipe.model)
    plugins = {p.distribution: p.version for p in registry.plugins() if p.state == "ok"}
    return {
        **machine(),
        "numpy": np.__version__,
        "git": _commit(),
        "command": _command(),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "model": {
            "name": entry.display_name,
            "plugin": entry.namespace,
            "version": plugins.get(entry.namespace, ""),
            "params": sum(int(np.prod(w.shape)) for w in model.trainable_weights),
            "license": entry.license,
            "paper": f"{entry.paper.title}, {entry.paper.year}" if entry.paper else None,
            "input_shape": list(source.image_shape),
        },
        "data": {
            "name": source.name,
            "license": registry.find("dataset", recipe.dataset).license,
            "fingerprint": source.fingerprint,
            "splits": {split: len(rows) for split, rows in source.splits.items()},
            "class_names": list(source.class_names),
            "notes": list(source.notes),
        },
        "plugins": plugins,
    }


def machine() -> dict[str, Any]:
    """Versions, processor, devices, threads and flags: what decides the last digits."""
    from tensorflow.python.framework import config as framework  # has no public name yet

    return {
        "dlkit": dlkit.__version__,
        "python": platform.python_version(),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "platform": platform.platform(),
        "processor": _processor(),
        "cpu_count": flags.processors(),
        "threads": {
            "intra": tf.config.threading.get_intra_op_parallelism_threads(),
            "inter": tf.config.threading.get_inter_op_parallelism_threads(),
        },
        "devices": [device.device_type for device in tf.config.list_logical_devices()],
        "flags": flags.current(),
        "deterministic_ops": framework.is_op_determinism_enabled(),
    }


def _processor() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # only Linux has it
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _command() -> str:
    """The command line, where it was dlkit's own; of a script, how it was started."""
    program = pathlib.Path(sys.argv[0]).name
    if program in ("dlkit", "__main__.py"):
        program = "dlkit"
    return shlex.join([program, *sys.argv[1:]])


def _commit() -> str | None:
    """The commit of the folder one works in, if it is a git checkout."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):  # no git here
        return None
    return found.stdout.strip() or None
