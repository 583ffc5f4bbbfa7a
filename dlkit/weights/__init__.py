"""Weights from files: found by a manifest's tag or a path, checked, then loaded into a model.

Only values are read, never code. `hdf5` and `npz` look into files of these kinds before they are
believed; `tensors` reads what others publish, and `layout` finds each array its place.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlkit.registry import errors, saved, spec
from dlkit.weights import hdf5

if TYPE_CHECKING:  # who reads an npz needs no Keras
    import keras
    import numpy as np

    from dlkit.weights.layout import Layout, Report

OWN = (".weights.h5", ".keras")  # files of the very build that they are loaded into
ORIGINS = ((".h5",), (".safetensors", ".pth", ".pt"))  # Keras' files, and those of torch
SUFFIXES = (*OWN, *ORIGINS[0], *ORIGINS[1])
DIVERGED = "Take an earlier file: the training that wrote this one had diverged"

_log = logging.getLogger(__name__)


class WeightsError(errors.DlkitError, ValueError):
    """The file is not there, is not the one that was published, or does not fit the model."""


@dataclasses.dataclass(frozen=True)
class Found:
    """A file of weights, and what is known of how it was published.

    Attributes:
        path: the file.
        published: the manifest's rows that may describe it: the tag's own, or for a path those
            whose files have its suffix.
        tagged: whether it is that very file, which the hash has proved.
    """

    path: pathlib.Path
    published: tuple[spec.Weights, ...] = ()
    tagged: bool = False

    @property
    def layouts(self) -> tuple[str, ...]:
        """The layouts that it may have, as `module:name`."""
        return tuple(dict.fromkeys(row.layout for row in self.published if row.layout))


def locate(entry: spec.ModelSpec, wanted: str | os.PathLike) -> Found:
    """The file that `weights=` means: a path, or the tag of published weights.

    A published file is downloaded once, to the folder `weights` of DLKIT_HOME or else of Keras'
    cache, and refused if its hash differs.

    Raises:
        UnknownWeights: neither a tag nor a path that exists.
        WeightsError: it cannot be fetched, or is not the file that was published.
    """
    name = os.fspath(wanted)
    published = entry.published(name)
    if published is not None:
        return Found(_fetch(entry, published), (published,), tagged=True)
    path = pathlib.Path(name)
    if path.is_file():
        return Found(path, _alike(entry, name))
    if name.endswith(SUFFIXES) or os.sep in name:
        raise WeightsError(f"{name}: there is no such file.", "Check the path: weights='FILE'")
    raise errors.UnknownWeights(entry.display_name, name, entry.pretrained)


def _alike(entry: spec.ModelSpec, name: str) -> tuple[spec.Weights, ...]:
    """The rows whose layouts a file may have, by its suffix; none for a file of this very build.

    Raises:
        WeightsError: no weights of the model come in such files.
    """
    if name.endswith(OWN):
        return ()
    rows = [(row, _origin(_suffix(row.url))) for row in entry.weights if row.layout]
    alike = tuple(row for row, suffixes in rows if _suffix(name) in suffixes)
    if not alike:
        formats = [*OWN, *dict.fromkeys(each for _, suffixes in rows for each in suffixes)]
        raise WeightsError(
            f"{name}: weights of {entry.display_name} are read from {' or '.join(formats)} files.",
            f"Take one of these, or write one: model.save_weights('model{OWN[0]}')",
        )
    return alike


def _origin(suffix: str) -> tuple[str, ...]:
    return next((suffixes for suffixes in ORIGINS if suffix in suffixes), ())


def configured(entry: spec.ModelSpec, found: Found, config: dict[str, Any]) -> dict[str, Any]:
    """The builder's options with those that the weights need.

    Of the weights' `num_classes` one may ask for another number: then the head is fresh.

    Raises:
        WeightsError: one is asked for that is another than the weights'.
    """
    needed = found.published[0].config if found.published else {}
    for option, value in needed.items():
        if option != "num_classes" and config.get(option, value) != value:
            raise WeightsError(
                f"these weights are of {entry.display_name} with {option}={value!r}, not "
                f"{config[option]!r}.",
                f"Leave {option} out",
            )
    return {**needed, **config}


def adopt(model: keras.Model, entry: spec.ModelSpec, found: Found, report: Report) -> None:
    """Gives a loaded model its published classes' names, or says that its head is fresh.

    Args:
        model: as `load` left it.
        entry: the model's.
        found: the file that was loaded; of a path nobody knows which classes it tells apart.
        report: what `load` gave back.
    """
    if report.fresh:
        _log.warning(
            "%s tells apart other classes than its weights do: %s begin fresh, and want training.",
            entry.display_name,
            " and ".join(report.fresh),
        )
    elif found.tagged and found.published[0].class_names:
        from dlkit import layers
        from dlkit.weights import published

        names = tuple(published.classes(entry, found.published[0]).values())
        if model.output_shape[-1] == len(names) and not isinstance(model.output, list):
            layers.set_class_names(model, names)


def load(
    model: keras.Model,
    path: str | os.PathLike,
    layouts: Sequence[Layout] = (),
    fresh_head: bool = True,
) -> Report:
    """Loads a file of weights into a model, all of them or none.

    Args:
        model: as built.
        path: a `.weights.h5` or `.keras` file of the same build, of which nothing but the weights
            is read; or a published `.h5`, `.safetensors`, `.pth` or `.pt` file.
        layouts: what a published file may call the model's layers; the first that fits counts.
        fresh_head: whether a head of other classes than the file's may stay as it is.

    Returns:
        What went where; of a file of the same build, nothing.

    Raises:
        WeightsError: it is no such file, is another network's, or has values that are NaN; what is
            wrong is named.
        UnsafeFile: it leads to other files, declares more than it stores, or would run something.
    """
    from dlkit.weights import layout

    path = pathlib.Path(path)
    if path.name.endswith(OWN):
        _load_own(model, path)
        return layout.Report()
    if not layouts or not path.name.endswith(SUFFIXES):
        raise WeightsError(
            f"{path}: weights come in a {OWN[0]} file, or in a {OWN[1]} file with a model.",
            f"Write one: model.save_weights('model{OWN[0]}')",
        )
    arrays = _read(path)
    problems = []
    for each in layouts:
        try:
            return layout.assign(model, arrays, each, fresh_head)
        except WeightsError as error:
            problems.append(error)
    raise WeightsError(f"{path}: {problems[0].message}", problems[0].fix)


def _read(path: pathlib.Path) -> Mapping[str, np.ndarray]:
    from dlkit.weights import tensors

    try:
        return tensors.READERS[_suffix(path.name)](path)
    except (OSError, ValueError) as error:
        if isinstance(error, errors.DlkitError):
            raise
        raise WeightsError(f"{path} cannot be read: {error}", "Fetch or save it anew") from error


def _load_own(model: keras.Model, path: pathlib.Path) -> None:
    import keras

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
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        reason = " ".join(lines[: 1 + lines[0].endswith(":")])  # a heading says nothing by itself
        reason = reason.partition(" Target variable:")[0]  # with all its numbers
        raise WeightsError(
            f"{path} does not fit {model.name!r}: {reason}",
            "Build the model as it was when they were saved: the same num_classes and options",
        ) from error
    for variable in model.weights:
        if keras.ops.any(keras.ops.isnan(variable)):
            raise WeightsError(f"{path}: {variable.path} has values that are NaN.", DIVERGED)


def _suffix(name: str) -> str:
    return next((suffix for suffix in (*OWN, *SUFFIXES) if name.endswith(suffix)), "")


def _fetch(entry: spec.ModelSpec, published: spec.Weights) -> pathlib.Path:
    from dlkit.data import downloads  # dlkit.data costs TensorFlow

    suffix = _suffix(published.url) or OWN[0]
    name = f"{entry.full_name.replace('/', '-')}-{published.tag}{suffix}"
    try:
        return downloads.fetch(
            published.url, name, published.hash, folder="weights", size=published.size
        )
    except downloads.DownloadError as error:
        raise WeightsError(
            f"{entry.display_name}@{published.tag}: {error.message}",
            f"Or name a file: create_model({entry.display_name!r}, weights='FILE{suffix}')",
        ) from error
