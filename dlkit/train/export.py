"""A model as a file for elsewhere, held against the model before it is put in its place."""

import dataclasses
import os
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf

from dlkit.registry.errors import DlkitError, UsageError, suggestion
from dlkit.train import atomic, extras, uncompiled
from dlkit.train.formats import FORMATS, Format, Outputs

TOLERANCE = 1e-4  # of a probability; what float32 sums in another order differ by is 1e-7
BATCHES = (1, 5)  # sizes that an export must take, whatever size it was written with

_SAVED_MODEL = "saved_model.pb"
_FULL = (tf.errors.ResourceExhaustedError, tf.errors.OutOfRangeError)  # a disk that takes no more


class ExportError(DlkitError):
    """The model cannot be written in this format, or what was written computes something else."""


@dataclasses.dataclass(frozen=True)
class Exported:
    """An export that was checked.

    Attributes:
        path: the file or folder.
        format: its name.
        difference: the largest difference of any output from the model's, over all images.
        checked: how many images that was seen on.
        rounding: what the trained model's bfloat16 or float16 differs by from the export's
            float32; 0 where both compute alike.
    """

    path: pathlib.Path
    format: str
    difference: float
    checked: int
    rounding: float = 0.0


def export(
    model: keras.Model, path: str | os.PathLike, format: str, images: np.ndarray
) -> Exported:
    """Writes a model for use without dlkit, and runs what it wrote.

    The export has no optimizer and no loss. A model of mixed precision computes in float32 in every
    format but Keras' own; its weights are float32 anyway.

    Args:
        model: takes one batch of inputs.
        path: the file, or for `saved-model` the folder; one that is there is replaced.
        format: `keras`, `saved-model`, `onnx` or `litert`.
        images: (batch, height, width, channels) in [0, 255], five real ones or more.

    Raises:
        UsageError: there is no such format.
        MissingExtra: the format needs a package that is not installed.
        ExportError: the format lacks something that the model needs, the model cannot be made
            again, the disk is full, or the outputs differ by more than 1e-4; nothing is left at
            `path` but what was there.

    Example:
        >>> export(model, "net.onnx", "onnx", images).difference
        5.9e-08
    """
    chosen = find(format)
    path = pathlib.Path(path)
    _check_place(path, chosen)
    images = np.asarray(images)
    images = images.astype(np.float32) if images.dtype.kind in "uif" else images
    written = _without_training(model, images[:1], in_float32=not chosen.keeps_precision)
    wanted = _outputs(written, images)
    rounding = _furthest(_outputs(model, images), wanted)
    if chosen.keeps_precision or not uncompiled.halves(model):
        _check_copy(rounding)
    try:
        difference = _put(chosen, written, path, images, wanted)
    except (OSError, *_FULL) as error:
        raise _refused_by_system(error, path) from error
    rounding = 0.0 if chosen.keeps_precision else rounding
    return Exported(path, chosen.name, difference, len(images), rounding)


def find(format: str) -> Format:
    """The format of that name, whose packages are there.

    Raises:
        UsageError: there is none.
        MissingExtra: a package that it needs is not installed.
    """
    if format not in FORMATS:
        raise UsageError(
            f"no format {format!r}.{suggestion(str(format), FORMATS)}",
            f"There are: {', '.join(FORMATS)}",
        )
    chosen = FORMATS[format]
    extras.need(f"an export to {chosen.name}", chosen.modules, chosen.extra)
    return chosen


def _check_place(path: pathlib.Path, chosen: Format) -> None:
    """Refuses to put an export in the place of something else."""
    if chosen.is_folder and path.is_dir():
        if (path / _SAVED_MODEL).is_file() or not any(path.iterdir()):
            return
        told = f"{path} is a folder that holds other things, which a {chosen.name} would replace."
    elif path.exists() and path.is_dir() != chosen.is_folder:
        told = f"{path} is a {'folder' if path.is_dir() else 'file'}."
    else:
        return
    raise ExportError(told, f"Choose another name, such as {path / chosen.file}")


def _put(
    chosen: Format, model: keras.Model, path: pathlib.Path, images: np.ndarray, wanted: Outputs
) -> float:
    """Writes the model aside, and puts it at `path` once it is found to be the model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if chosen.is_folder:
        with atomic.folder(path) as aside:
            return _write(chosen, model, aside, images, wanted)
    with tempfile.TemporaryDirectory() as aside:
        file = pathlib.Path(aside) / chosen.file
        difference = _write(chosen, model, file, images, wanted)
        atomic.write_bytes(path, file.read_bytes())
    return difference


def _write(
    chosen: Format, model: keras.Model, path: pathlib.Path, images: np.ndarray, wanted: Outputs
) -> float:
    """Writes the model and gives the largest difference that what was written shows."""
    try:
        chosen.write(model, path)
        run = chosen.load(path)
        sizes = dict.fromkeys(min(size, len(images)) for size in (*BATCHES, len(images)))
        found = {size: run(images[:size]) for size in sizes}
    except (DlkitError, OSError, *_FULL):
        raise
    except Exception as error:
        raise ExportError(
            f"the model cannot be exported to {chosen.name}: {_reason(error)}", _another(chosen)
        ) from error
    cut = {size: [output[:size] for output in wanted] for size in sizes}
    difference = float(np.max([_furthest(found[size], cut[size]) for size in sizes]))
    if not difference <= TOLERANCE:
        raise ExportError(
            f"the export to {chosen.name} is not the model: an output differs by {difference:.3g} "
            f"on real images, and at most {TOLERANCE:g} is rounding. It was removed.",
            _another(chosen),
        )
    return difference


def _another(chosen: Format) -> str:
    other = next(name for name in FORMATS if name != chosen.name)
    return f"Choose another format: --format {other}"


def _refused_by_system(error: Exception, path: pathlib.Path) -> ExportError:
    """What the disk, or a limit of the system, says of a file."""
    if isinstance(error, OSError):
        place = error.filename or path
        told = error.strerror or _reason(error)
    else:  # TensorFlow's: `{{node …}} FILE; File too large [Op:SaveV2]`
        place = path
        told = error.message.rpartition(";")[2].partition("[Op:")[0].strip()
    return ExportError(
        f"{place}: {told}",
        f"Free some space there and in {tempfile.gettempdir()}, or choose another place: "
        "--out PATH",
    )


def _furthest(found: Outputs, wanted: Outputs) -> float:
    """The largest difference between outputs; infinite where they are not of the same shapes."""
    if [output.shape for output in found] != [output.shape for output in wanted]:
        return float("inf")
    pairs = zip(found, wanted, strict=True)
    gaps = [np.abs(np.subtract(a, b, dtype=np.float64)).max(initial=0.0) for a, b in pairs]
    return float(np.max(gaps, initial=0.0))  # NaN where anything is


def _outputs(model: keras.Model, images: np.ndarray) -> Outputs:
    found = keras.tree.flatten(model(images, training=False))
    return [keras.ops.convert_to_numpy(output) for output in found]


def _without_training(model: keras.Model, image: np.ndarray, in_float32: bool) -> keras.Model:
    """A copy with the same weights, without optimizer and loss; in float32 all through if asked.

    A class that does not tell how it is made can only leave as it is, and not in Keras' own format.
    """
    told = f"no copy of {model.name} can be made for the export"
    fix = f"Give {type(model).__name__} a get_config that names each argument of its __init__"
    try:
        copy = uncompiled.copy(model, image, in_float32)
    except Exception as error:
        if not (in_float32 and isinstance(error, NotImplementedError | TypeError)):
            raise ExportError(f"{told}: {_reason(error)}", fix) from error
        copy = model
    if in_float32 and (halves := uncompiled.halves(copy)):
        raise ExportError(f"{told} that computes in float32: it stays in {halves}.", fix)
    return copy


def _check_copy(difference: float) -> None:
    """Refuses a copy that computes something else than its model."""
    if not difference <= TOLERANCE:
        raise ExportError(
            f"a copy of the model is not the model: an output differs by {difference:.3g} on real "
            "images.",
            "See that it gives the same twice, and that its get_config names every argument",
        )


def _reason(error: Exception) -> str:
    """The first line of an error that says something; converters' own go on for pages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else ""
    text = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return text if len(text) <= 300 else f"{text[:299]}…"
