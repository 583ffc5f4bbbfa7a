"""The config of a saved model: what it names, judged before anything named is looked up.

A config is a tree of objects, `{"module", "class_name", "config", "registered_name"}`, and loading
calls what each names with its config. So a file can ask for any function there is, hold code of
its own, or have an honest layer read a file of its choice. What passes is of Keras, from where
models' parts are kept, or is a stranger whose owner the caller has to find. Standard library alone.
"""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from dlkit.registry import errors

MOST_DEPTH = 200  # of lists and objects in each other; a model in a model takes five

ROOMS = (
    "activations", "constraints", "distillation", "dtype_policies", "engine", "initializers",
    "layers", "losses", "metrics", "models", "ops", "optimizers", "quantizers", "random",
    "regularizers",
)  # fmt: skip
"""Where Keras keeps the parts of models, below `keras` and below `keras.src`."""

ALONE = {  # single parts that are kept elsewhere
    ("keras.utils", "FeatureSpace"),
    ("keras._legacy.layers", "AlphaDropout"),
    ("keras._legacy.layers", "RandomHeight"),
    ("keras._legacy.layers", "RandomWidth"),
    ("keras._legacy.layers", "ThresholdedReLU"),
    ("keras.src.applications.convnext", "LayerScale"),
    ("keras.src.applications.convnext", "StochasticDepth"),
    ("keras.src.applications.inception_resnet_v2", "CustomScaleLayer"),
}

CODE = {  # parts of Keras that run what the file brings
    "Lambda": "is a Lambda layer, which holds Python code",
    "TFSMLayer": "is a TFSMLayer, which runs a SavedModel from another file",
    "TorchModuleWrapper": "is a TorchModuleWrapper, which holds a pickle",
    "JaxLayer": "is a JaxLayer, which wraps a function by name",
    "FlaxLayer": "is a FlaxLayer, which wraps an object by name",
    "clone_model": "is a function that builds models, not a part of one",
    "load_model": "is a function that loads files, not a part of a model",
    "model_from_json": "is a function that builds models, not a part of one",
    "save_model": "is a function that writes files, not a part of a model",
}

POWERS = {
    "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "getattr", "globals", "input",
    "open", "setattr", "vars",
}  # fmt: skip
"""What Python's own functions can do; `abs` and `sum` are written as its own, and are Keras'."""

VALUES = {  # how Keras writes what JSON lacks
    "__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__",
}  # fmt: skip

_FILES = {"vocabulary", "idf_weights"}  # lists; a string is the path of a file to read them from
_NAMES = {"module", "class_name", "registered_name"}
_PATH = re.compile(
    r"[a-z][a-z0-9+.-]*://"  # an address
    r"|[a-z]:[\\/]|\\\\|~[\\/]|/\S"  # an absolute path, or one from the user's home
    r"|(.*[\\/])?\.\.([\\/]|$)",  # one that leads upwards
    re.IGNORECASE | re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class Stranger:
    """An object of a config that is not Keras' own.

    Attributes:
        key: the name under which Keras looks for it among what is registered.
        place: where it stands, for messages.
    """

    key: str
    place: str

    @property
    def package(self) -> str:
        """The registered name's package; empty where it has none that could be a plugin's."""
        package, mark, _ = self.key.partition(">")
        return package if mark and package != "Custom" else ""


def check(config: Any, path: str, fix: str) -> None:
    """Refuses a config that holds or names code, or would have a file read.

    Args:
        config: what `config.json` holds.
        path: the model's file, for messages.
        fix: how each refusal ends.

    Raises:
        UnsafeFile: the first object that is not what a model is made of, and why.
    """
    for value, place, depth in _walk(config):
        wrong = _reads(value) or (_wrong(value) if _is_object(value) else "")
        if depth > MOST_DEPTH:
            wrong = f"is nested deeper than {MOST_DEPTH} levels"
        if wrong:
            raise errors.UnsafeFile(path, place, wrong, fix)


def strangers(config: Any) -> list[Stranger]:
    """What a config names that is not Keras' own, each once."""
    found: dict[str, Stranger] = {}
    for value, place, _ in _walk(config):
        if _is_object(value) and (key := _foreign_key(value)):
            found.setdefault(key, Stranger(key, place))
    return list(found.values())


def _walk(config: Any) -> Iterator[tuple[dict, str, int]]:
    """Every dict of the tree with its place and depth, in the order of the file."""
    stack = [(config, "config.json", 0)]
    while stack:
        value, place, depth = stack.pop()
        if isinstance(value, dict):
            if _is_object(value):
                place = f"config.json, {_title(value)}"
            yield value, place, depth
            value = list(value.values())
        if isinstance(value, list):
            inner = [item for item in value if isinstance(item, dict | list)]
            stack += [(item, place, depth + 1) for item in reversed(inner)]


def _is_object(value: dict) -> bool:
    return "class_name" in value and "config" in value


def _title(found: dict) -> str:
    """`'conv1' (keras.layers.Conv2D)`."""
    module, name = found.get("module"), _name(found)
    what = f"{module}.{name}" if isinstance(module, str) else f"{name}"
    config = found["config"]
    label = found.get("name") or (config.get("name") if isinstance(config, dict) else None)
    return errors.shown(label) + f" ({what[:100]})" if isinstance(label, str) else what[:100]


def _name(found: dict) -> Any:
    """A function's name stands in the place of its config."""
    return found["config"] if found["class_name"] == "function" else found["class_name"]


def _wrong(found: dict) -> str:
    """Why an object may not be; nothing where it may, or is a stranger."""
    name, module = _name(found), found.get("module")
    if found["class_name"] == "__lambda__":
        return "holds the compiled code of a Python function"
    texts = (name or None, module or "", found.get("registered_name") or "")
    if not all(isinstance(text, str) for text in texts):
        return "is no object that Keras writes: its names are not text"
    if name in VALUES or ">" in _key(found):
        return ""
    if "module" not in found:
        return "is in a format of old, which has no safe mode"
    if module == "builtins" and name in POWERS:
        return "is a function of Python itself, not a part of a model"
    if not _is_of_keras(module):
        return ""
    if name in CODE:
        return CODE[name]
    if not _is_part(module, name):
        return "is of a part of Keras that no model is made of"
    return ""


def _foreign_key(found: dict) -> str:
    """The key of an object that is not Keras' own, else nothing."""
    own = found.get("module") == "builtins" or _is_of_keras(found.get("module"))
    key = _key(found)
    return "" if key in VALUES or (own and ">" not in key) else key


def _key(found: dict) -> str:
    """What Keras looks an object up by before it considers the module."""
    key = _name(found)
    if found["class_name"] != "function":
        key = found.get("registered_name") or key
    return key if isinstance(key, str) else ""


def _is_of_keras(module: str | None) -> bool:
    return module is not None and (module == "keras" or module.startswith("keras."))


def _is_part(module: str, name: str) -> bool:
    room = module.removeprefix("keras").removeprefix(".").removeprefix("src").removeprefix(".")
    return not room or room.partition(".")[0] in ROOMS or (module, name) in ALONE


def _reads(value: dict) -> str:
    """Which of a dict's own texts would have something read from a file or from the network."""
    for key, text in value.items():
        if not isinstance(text, str) or key in _NAMES:
            continue
        if key in _FILES:
            return f"would read its {key} from the file {errors.shown(text)}"
        if _PATH.match(text):
            return f"names a file or an address: {key} is {errors.shown(text)}"
    return ""
