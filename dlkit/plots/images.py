"""Images in rows and columns, each with its caption."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from dlkit.plots import labels, style

TILE = 100  # pixels across an image as drawn
CAPTION = 36  # pixels below it
GAP = 14
LARGEST = 144  # pixels kept along the longer side; more would only weigh


def grid(
    images: Sequence[np.ndarray], captions: Sequence[tuple[str, str]] = (), columns: int = 6
) -> Figure:
    """Draws images in rows, each with up to two lines of caption.

    Small images are enlarged without blur (nearest neighbour); large ones are reduced first.

    Args:
        images: (n, height, width, channels) or n such arrays of any sizes; 1, 3 or 4 channels
            or none; uint8, or float in [0, 255].
        captions: for each image two short lines; the second is muted.
        columns: images in a row.

    Raises:
        ValueError: an image has a shape that is no image's, or the captions do not match.
    """
    captions = list(captions) or [("", "")] * len(images)
    if len(captions) != len(images):
        raise ValueError(f"{len(images)} images but {len(captions)} captions")
    columns = max(1, min(columns, len(images)))
    rows = max(1, -(-len(images) // columns))
    with style.theme():
        drawn = style.figure(
            columns * (TILE + GAP) - GAP,
            rows * (TILE + CAPTION + GAP) - GAP,
            f"{len(images)} images with captions.",
        )
        for position, (image, caption) in enumerate(zip(images, captions, strict=True)):
            row, column = divmod(position, columns)
            left, top = column * (TILE + GAP), row * (TILE + CAPTION + GAP)
            tile(drawn, left, top, TILE, image, caption)
    return drawn


def mistakes(
    images: Sequence[np.ndarray],
    truth: np.ndarray,
    predictions: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    columns: int = 6,
) -> Figure:
    """Draws wrongly classified images, the surest first: `true → predicted`, and how sure.

    Args:
        images: (n, height, width, channels), see `grid`.
        truth: (n,) true class numbers.
        predictions: (n,) predicted class numbers.
        probabilities: (n,) probability given to the predicted class, or (n, classes) all.
        class_names: the name of each class.
        columns: images in a row.
    """
    order, captions, words = _captions(truth, predictions, probabilities, class_names)
    drawn = grid([images[k] for k in order], captions, columns)
    drawn.set_label("Surest mistakes: " + "; ".join(words) + "." if words else "No mistakes.")
    return drawn


def mistake_tiles(
    images: Sequence[np.ndarray],
    truth: np.ndarray,
    predictions: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
) -> list[Figure]:
    """Draws what `mistakes` draws, one Figure an image, for a page that sets its own columns."""
    order, captions, words = _captions(truth, predictions, probabilities, class_names)
    tiles = []
    with style.theme():
        for place, caption, said in zip(order, captions, words, strict=True):
            drawn = style.figure(TILE, TILE + CAPTION, said)
            tile(drawn, 0, 0, TILE, images[place], caption)
            tiles.append(drawn)
    return tiles


def tile(
    drawn: Figure, left: float, top: float, size: float, image: np.ndarray, caption: tuple[str, str]
) -> Axes:
    """Draws one image into a square of the figure, in pixels, and its caption below."""
    pixels = thumbnail(image)
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    axes = style.place(
        drawn,
        left + (size - width * scale) / 2,
        top + size - height * scale,
        width * scale,
        height * scale,
    )
    axes.imshow(pixels, interpolation="none", aspect="auto")
    axes.set_axis_off()
    style.write(drawn, left, top + size + 5, caption[0], size=11.5)
    style.write(drawn, left, top + size + 20, caption[1], size=11, color=style.MUTED)
    return axes


def thumbnail(image: np.ndarray, largest: int = LARGEST) -> np.ndarray:
    """Returns an image as (height, width, 3) uint8, at most `largest` pixels along a side.

    Raises:
        ValueError: the shape is no image's.
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[-1] not in (1, 3, 4) or not image.size:
        raise ValueError(f"an image has the shape (height, width, 1, 3 or 4), not {image.shape}")
    if image.dtype != np.uint8:
        image = np.clip(np.nan_to_num(np.rint(image.astype(np.float64))), 0, 255).astype(np.uint8)
    image = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image[..., :3]
    height, width = image.shape[:2]
    shrink = largest / max(height, width)
    if shrink >= 1:
        return image
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize(size, Image.BOX))


def _captions(truth, predictions, probabilities, class_names):
    """Orders mistakes by how sure they were and words them: (order, captions, alternatives)."""
    truth, predictions = np.asarray(truth, dtype=int), np.asarray(predictions, dtype=int)
    sure = np.asarray(probabilities, dtype=float)
    if sure.ndim == 2:
        sure = sure[np.arange(len(sure)), predictions]
    order = np.argsort(-sure, kind="stable")
    captions, words = [], []
    for place in order:
        was, said = class_names[truth[place]], class_names[predictions[place]]
        how_sure = labels.percent(sure[place], 0)
        words.append(f"{labels.shorten(was, 40)} taken for {labels.shorten(said, 40)}, {how_sure}")
        captions.append(_two_lines(was, said, how_sure))
    return order, captions, words


def _two_lines(was: str, said: str, how_sure: str) -> tuple[str, str]:
    """Sets `4 → 9` above `98% sure`, or long names one above the other."""
    was, said = labels.clean(was), labels.clean(said)
    if len(was) + len(said) <= 11:
        return f"{labels.isolate(was)} → {labels.isolate(said)}", f"{how_sure} sure"
    return (
        labels.isolate(labels.shorten(was, 16)),
        f"→ {labels.isolate(labels.shorten(said, 10))} {how_sure}",
    )
