"""Weights from files: found by a manifest's tag or a path, checked, then loaded into a model.

Only values are read, never code, of files of the very build they are loaded into. `hdf5` and `npz`
look into files of these kinds before they are believed.
"""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from dlkit.registry import errors, saved, spec
from dlkit.weights import hdf5

if TYPE_CHECKING:  # who reads an npz needs no Keras
    import keras

SUFFIX = ".weights.h5"


class WeightsError(errors.DlkitError, ValueError):
    """The file is not there, is not the one that was published, or does not fit the model."""


def locate(entry: spec.ModelSpec, wanted: str | os.PathLike) -> pathlib.Path:
    """The file that `weights=` means: a path, or the tag of published weights.

    A published file is downloaded once, to the folder `weights` of DLKIT_HOME or else of Keras'
    cache, and refused if its hash differs.

    Raises:
        UnknownWeights: neither a tag nor a path that exists.
        WeightsError: it cannot be fetched, or is not the file that was published.
    """
    name = os.fspath(wanted)
    for published in entry.weights:
        if published.tag == name:
            return _fetch(entry, published)
    if pathlib.Path(name).is_file():
        return pathlib.Path(name)
    if name.endswith(SUFFIX) or os.sep in name:
        raise WeightsError(
            f"{name}: there is no such file.", f"Write one: model.save_weights('x{SUFFIX}')"
        )
    raise errors.UnknownWeights(entry.display_name, name, entry.pretrained)


def load(model: keras.Model, path: pathlib.Path) -> None:
    """Loads every weight of a `.weights.h5` or `.keras` file into a model of the same build.

    Of a `.keras` file nothing but the weights is read.

    Raises:
        WeightsError: it is no such file, or its shapes are another build's.
        UnsafeFile: it leads to other files, or declares more than it stores.
    """
    if not path.name.endswith((SUFFIX, ".keras")):
        raise WeightsError(
            f"{path}: weights come in a {SUFFIX} file, or in a .keras file with a model.",
            f"Write one: model.save_weights('model{SUFFIX}')",
        )
    try:
        if path.name.endswith(".keras"):
            saved.inspect(str(path))
        else:
            hdf5.check(str(path), str(path))
    except OSError as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(f"{path} cannot be read: {reason}", "Fetch or save it anew") from error
    try:
        model.load_weights(path)
    except Exception as error:  # layers raise what they like of weights that are another's
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(
            f"{path} does not fit {model.name!r}: {reason}",
            "Build the model as it was when they were saved: the same num_classes and options",
        ) from error


def _fetch(entry: spec.ModelSpec, published: spec.Weights) -> pathlib.Path:
    from dlkit.data import downloads  # dlkit.data costs TensorFlow

    name = f"{entry.full_name.replace('/', '-')}-{published.tag}{SUFFIX}"
    try:
        return downloads.fetch(
            published.url, name, published.hash, folder="weights", size=published.size
        )
    except downloads.DownloadError as error:
        raise WeightsError(
            f"{entry.display_name}@{published.tag}: {error.message}",
            f"Or name a file: create_model({entry.display_name!r}, weights='FILE{SUFFIX}')",
        ) from error
