"""Files of named arrays, in the formats in which models are published."""

import pathlib
from collections.abc import Callable, Mapping

import numpy as np

from dlkit.weights import keras_h5, torch_pickle


def read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Every tensor of a `.safetensors` file.

    Raises:
        ValueError: it is no such file, or is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError) as error:
        raise ValueError(f"it is no .safetensors file, or is damaged ({error})") from None


READERS: Mapping[str, Callable[[pathlib.Path], dict[str, np.ndarray]]] = {
    ".h5": keras_h5.read,
    ".safetensors": read_safetensors,
    ".pth": torch_pickle.read,
    ".pt": torch_pickle.read,
}
"""By suffix, what gives a file's arrays by their names, in the file's order."""
