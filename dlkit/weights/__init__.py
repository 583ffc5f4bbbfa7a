"""Weights from files: found by a manifest's tag or a path, checked, then loaded into a model.

Only values are read, never code: `.weights.h5` files of the very build they are loaded into.
"""

import hashlib
import os
import pathlib

import keras

from dlkit.registry import errors, spec

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
    """Loads every weight of a `.weights.h5` file into a model of the same build.

    Raises:
        WeightsError: it is no such file, or its shapes are another build's.
    """
    if not path.name.endswith(SUFFIX):
        raise WeightsError(
            f"{path}: weights come in a {SUFFIX} file.",
            f"Write one: model.save_weights('model{SUFFIX}')",
        )
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(
            f"{path} does not fit {model.name!r}: {reason}",
            "Build the model as it was when they were saved: the same num_classes and options",
        ) from error


def _fetch(entry: spec.ModelSpec, published: spec.Weights) -> pathlib.Path:
    algorithm, _, digits = published.hash.partition(":")
    whole = {"sha256": "sha256", "md5": "md5"}.get(algorithm)
    named = f"{entry.full_name.replace('/', '-')}-{published.tag}{SUFFIX}"
    try:
        path = keras.utils.get_file(
            named,
            published.url,
            cache_dir=_home(),
            cache_subdir="weights",
            file_hash=digits if whole else None,
            hash_algorithm=whole or "auto",
        )
    except Exception as error:  # Keras raises bare Exception where the network fails
        raise WeightsError(
            f"{entry.display_name}@{published.tag} cannot be fetched from {published.url}: {error}",
            f"Fetch it by hand, then: create_model({entry.display_name!r}, weights='FILE{SUFFIX}')",
        ) from error
    path = pathlib.Path(path)
    if not whole and not _digest(path).startswith(digits):
        path.unlink()
        raise WeightsError(
            f"{published.url}: SHA-256 does not begin with {digits}; the file was removed.",
            "Ask its publisher, or pin the new hash in the manifest",
        )
    return path


def _home() -> str | None:
    """DLKIT_HOME, made where it is missing: Keras would go elsewhere without a word."""
    home = os.environ.get("DLKIT_HOME")
    if home:
        pathlib.Path(home).mkdir(parents=True, exist_ok=True)
    return home or None


def _digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
