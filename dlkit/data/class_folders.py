"""Image files for classes that are known beforehand: a folder each, and no file read at the start.

Where `image_folder` learns its classes from the folders and checks every file, here the classes
are a network's, in its order, and the files may be millions: only the folders are listed.
"""

import functools
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data import class_listing, decode, errors
from dlkit.data import resize as sizes
from dlkit.data.source import NO_TEST, Source

DEFAULT_SIZE = 224


def source(
    name: str,
    data: str | os.PathLike | None,
    classes: Mapping[str, str],
    *,
    image_size: int | None = None,
    resize: int | None = None,
    interpolation: str = "bilinear",
    antialias: bool = True,
    channels: int = 3,
) -> Source:
    """The images of `data/{train,val,test}/CLASS/*`, or of `data/CLASS/*`, which is then `val`.

    An image is its middle: the shorter side is resized to `resize` pixels, and a square is cut. It
    lies as its file has it, whatever its EXIF data say, as in the evaluations of publishers.

    Args:
        name: of the dataset.
        data: the folder. Class folders bear a key or a value of `classes`, with spaces or
            underscores; not every class needs one.
        classes: how folders call a class -> how people do, in the order of the labels.
        image_size: side of the square; None: 224 pixels.
        resize: pixels of the shorter side before; None: 256 for every 224 of `image_size`.
        interpolation: `"bilinear"` or `"bicubic"`.
        antialias: whether shrinking sees every pixel, as Pillow does.
        channels: 3 for RGB, 1 for luma.

    Returns:
        A source whose fingerprint is of the files' paths and sizes. What it fetches raises
        `DataError` at a broken file, which it names.

    Raises:
        DataError: there are no such folders, one is of no class, or an option cannot be right.
    """
    side = errors.image_size(image_size, DEFAULT_SIZE)
    shorter = _shorter(resize, side)
    if interpolation not in sizes.INTERPOLATIONS:
        raise errors.DataError(
            f"interpolation is {' or '.join(sizes.INTERPOLATIONS)}, not {interpolation!r}.",
            "Choose one: --set data_options.interpolation=bilinear",
        )
    found = class_listing.find(data, classes, name)
    cut = functools.partial(
        read, resize=shorter, image_size=side, interpolation=interpolation, antialias=antialias,
        channels=channels,
    )  # fmt: skip
    return Source(
        name=name,
        size=len(found.labels),
        splits=found.splits,
        element_spec=(
            tf.TensorSpec((None, side, side, channels), tf.uint8),
            tf.TensorSpec((None,), tf.int32),
        ),
        fetch=_from_files(found, cut, (side, side, channels)),
        class_names=tuple(classes.values()),
        fingerprint=found.fingerprint,
        notes=(*found.notes, *_untested(found.splits)),
        labels=found.labels,
    )


def read(
    path: str | os.PathLike,
    *,
    resize: int,
    image_size: int,
    interpolation: str = "bilinear",
    antialias: bool = True,
    channels: int = 3,
) -> np.ndarray:
    """Reads one image file, exactly as a source's are read; arguments as of `source`.

    Returns:
        (image_size, image_size, channels) uint8.

    Raises:
        DataError: the file is not there, is no JPEG or PNG, or is broken.
    """
    path = pathlib.Path(path)
    try:
        contents = path.read_bytes()
        with tf.device("CPU:0"):
            image = _decoded(contents)
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
    except (ValueError, tf.errors.OpError):
        problem = decode.inspect(contents)[1] or "is broken"
    else:
        with tf.device("CPU:0"):
            image = sizes.middle(image, resize, image_size, interpolation, antialias)
            return (image if channels == 3 else tf.image.rgb_to_grayscale(image)).numpy()
    raise errors.DataError(f"{path} {problem}.", "Repair it, or remove it from the folder.")


def _untested(splits: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    return (NO_TEST,) if "train" in splits and "test" not in splits else ()


def _shorter(value: int | None, side: int) -> int:
    shorter = errors.image_size(value, round(side * 256 / 224))
    if shorter < side:
        raise errors.DataError(
            f"resize is {shorter} pixels of the shorter side, and of that {side} cannot be cut.",
            f"Give {side} or more: --set data_options.resize={side}",
        )
    return shorter


def _from_files(
    found: class_listing.Listing, cut: Callable[..., np.ndarray], shape: tuple[int, ...]
) -> Callable[[tf.Tensor], Any]:
    """Fetches by path, in Python, so that whatever a file does not give is said of that file."""

    def images_of(rows: np.ndarray) -> np.ndarray:
        return np.stack([cut(found.path(row)) for row in rows])

    def fetch(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = tf.numpy_function(images_of, [indices], tf.uint8)
        labels = tf.numpy_function(lambda rows: found.labels[rows], [indices], tf.int32)
        return tf.ensure_shape(images, (None, *shape)), tf.ensure_shape(labels, (None,))

    return fetch


def _decoded(contents: bytes) -> tf.Tensor:
    """RGB; of a JPEG the very pixels that Pillow decodes, on which publishers evaluate.

    By itself TensorFlow takes a faster transform, which is a level off on the average.
    """
    if contents.startswith(decode.READ[0]):
        return tf.io.decode_jpeg(contents, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.io.decode_image(contents, channels=3, expand_animations=False)
