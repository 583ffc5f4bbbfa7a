"""Keras' older weight files, in which `keras.applications` publishes: a group a layer, in order."""

import pathlib

import h5py
import numpy as np

from dlkit.weights import hdf5


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Every array under `layer/0`, `layer/1`, … in the file's order of layers.

    The places within a layer stand for the names of variables, which have changed since.

    Raises:
        UnsafeFile: the file leads to others, or declares more than it stores.
        OSError: it is no HDF5 file, or is damaged.
        ValueError: it holds no layers in this format.
    """
    hdf5.check(str(path), str(path))
    found = {}
    with h5py.File(path, "r") as opened:
        root = opened.get("model_weights", opened)
        for layer in _texts(root, "layer_names"):
            group = root[layer]
            for i, name in enumerate(_texts(group, "weight_names")):
                found[f"{layer}/{i}"] = group[name][()]
    return found


def _texts(group: h5py.Group, attribute: str) -> list[str]:
    """A list of names; long ones are cut into `names0`, `names1`, ….

    Raises:
        ValueError: there is no such list.
    """
    parts = [name for name in (attribute, *_numbered(group, attribute)) if name in group.attrs]
    if not parts:
        raise ValueError(f"{group.name} has no {attribute}: it is no weight file of Keras 1 or 2")
    texts = [text for name in parts for text in group.attrs[name]]
    return [text.decode("utf-8") if isinstance(text, bytes) else str(text) for text in texts]


def _numbered(group: h5py.Group, attribute: str) -> list[str]:
    found = []
    while f"{attribute}{len(found)}" in group.attrs:
        found.append(f"{attribute}{len(found)}")
    return found
