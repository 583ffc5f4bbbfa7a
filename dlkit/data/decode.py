"""Image files to pixels: JPEG and PNG, decoded and turned the same way wherever they are read.

What is done to a file: grey, palette, 16-bit and CMYK images become 8-bit RGB; transparency is
dropped, not blended; an animated PNG gives its first picture; the EXIF orientation that cameras
write is applied, so that an image stands as viewers show it; then it is resized to a square
(`dlkit.data.resize`), and for one channel its luma is taken.
"""

import io
import os
import pathlib

import numpy as np
import tensorflow as tf
from PIL import Image

from dlkit.data import resize
from dlkit.data.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png")
COLORS = {"rgb": 3, "grayscale": 1}
LARGEST = 100_000_000  # pixels; a header that claims more is a slip or a trap
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT = 1
TURNS = np.array(  # by EXIF value: transposed, then upside down, then mirrored; 0 is no value
    [
        *((0, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0)),
        *((1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)),
    ],
    bool,
)
READ = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
OTHERS = {  # what is often named .jpg and is none
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"RIFF": "a WebP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"%PDF": "a PDF",
    **dict.fromkeys((b"<!DO", b"<!do", b"<htm", b"<HTM"), "a web page"),
}


def pixels(contents: tf.Tensor, orientation: tf.Tensor, side: int, channels: int) -> tf.Tensor:
    """Decodes, turns and resizes one image; runs inside `tf.data`.

    Args:
        contents: the file's bytes, a scalar string.
        orientation: the EXIF value, 1 … 8.
        side: height and width of the result.
        channels: 3 for RGB, 1 for luma.

    Returns:
        (side, side, channels) uint8.
    """
    image = tf.io.decode_image(contents, channels=3, expand_animations=False)
    image.set_shape((None, None, 3))
    image = resize.image(image, side)  # first: a square is small and turns into a square
    transposed, down, mirrored = tf.unstack(tf.gather(TURNS, orientation))
    image = tf.cond(transposed, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
    image = tf.cond(down, lambda: image[::-1], lambda: image)
    image = tf.cond(mirrored, lambda: image[:, ::-1], lambda: image)
    return image if channels == 3 else tf.image.rgb_to_grayscale(image)


def read(path: str | os.PathLike, image_size: int, channels: int = 3) -> np.ndarray:
    """Reads one image file, exactly as an image folder's images are read.

    Args:
        path: a JPEG or PNG file, whatever its name ends in.
        image_size: height and width of the result.
        channels: 3 for RGB, 1 for luma.

    Returns:
        (image_size, image_size, channels) uint8.

    Raises:
        DataError: the file is not there, is no such image, or is broken.

    Example:
        >>> read("cat.jpg", 64).shape
        (64, 64, 3)
    """
    path = pathlib.Path(path)
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}.", "Check the path and its rights."
        ) from None
    orientation, problem = inspect(contents)
    if problem:
        raise DataError(f"{path} {problem}.", "Give a whole JPEG or PNG file.")
    return pixels(tf.constant(contents), tf.constant(orientation), image_size, channels).numpy()


def inspect(contents: bytes) -> tuple[int, str]:
    """Looks whether `pixels` can decode these bytes: it decodes them.

    Returns:
        The EXIF orientation, and the problem ("is empty", "is broken: …") or "".
    """
    if not contents:
        return UPRIGHT, "is empty"
    if not contents.startswith(READ):
        kind = next((kind for mark, kind in OTHERS.items() if contents.startswith(mark)), "")
        return UPRIGHT, f"is {kind}, not a JPEG or PNG" if kind else "is no JPEG or PNG image"
    try:
        width, height, orientation = _header(contents)
        if width * height > LARGEST:
            return UPRIGHT, f"claims {width} × {height} pixels, beyond {LARGEST // 10**6} million"
        with tf.device("CPU:0"):
            tf.io.decode_image(contents, channels=3, expand_animations=False)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return UPRIGHT, f"is broken: its header cannot be read ({error})"
    except tf.errors.InvalidArgumentError:
        return UPRIGHT, "is broken: it is cut off or damaged"
    return orientation, ""


def _header(contents: bytes) -> tuple[int, int, int]:
    """Width, height and EXIF orientation; the pixels are not decoded."""
    with Image.open(io.BytesIO(contents), formats=("JPEG", "PNG")) as image:
        orientation = image.getexif().get(ORIENTATION, UPRIGHT)
        if not isinstance(orientation, int) or not 1 <= orientation <= 8:
            orientation = UPRIGHT
        return (*image.size, orientation)
