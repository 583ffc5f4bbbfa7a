"""The other end of `process.Loader`: loads model files by `dlkit.load_model` alone.

Run as `python -m dlkit.testing.reload`. Each line that it reads is a request, each line that it
writes an answer, both JSON.
"""

import json
import os
import sys
import traceback

import keras
import numpy as np

import dlkit
from dlkit.registry import saved


def main() -> None:
    """Answers requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a plugin prints while it is imported is no answer
    known = dict(keras.saving.get_custom_objects())
    for line in sys.stdin:
        forget(known)
        answers.write(json.dumps({"error": _serve(json.loads(line))}) + "\n")
        answers.flush()


def forget(known: dict[str, object]) -> None:
    """Drops the plugins' modules, and registered classes other than `known`."""
    gone = {name for plugin in dlkit.plugins() for name in _roots(plugin)}
    for name in list(sys.modules):
        if any(name == root or name.startswith(f"{root}.") for root in gone):
            del sys.modules[name]
    objects = keras.saving.get_custom_objects()
    objects.clear()
    objects.update(known)


def _roots(plugin) -> set[str]:
    """A plugin's packages; of the core only what it declares, since this runs on the rest."""
    tops = {name.partition(".")[0] for name in plugin.modules}
    return set(plugin.modules) - {"dlkit"} if "dlkit" in tops else tops


def _serve(request: dict[str, str]) -> str:
    try:
        model = dlkit.load_model(request["model"])
        with np.load(request["inputs"]) as file:
            inputs = file["inputs"]
        outputs = keras.tree.flatten(model(inputs, training=False))
        arrays = {f"output_{i}": part.numpy() for i, part in enumerate(outputs)}
        arrays |= {f"weight_{i}": part.numpy() for i, part in enumerate(model.weights)}
        np.savez(request["outputs"], **arrays)
    except Exception as error:  # noqa: BLE001 (a plugin's code may raise anything)
        traceback.print_exc()
        return f"{type(error).__name__}: {error}{_unregistered(request['model'])}"
    return ""


def _unregistered(path: str) -> str:
    """The classes that the file needs and importing the plugin did not register."""
    names = [name for classes in saved.packages(path).values() for name in classes]
    missing = [name for name in names if keras.saving.get_registered_object(name) is None]
    if not missing:
        return ""
    return (
        f"\n{', '.join(missing)}: registered by none of the modules that the manifest names; "
        "add theirs: modules = […]"
    )


if __name__ == "__main__":
    main()
