"""Images, and below each what in it mattered."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from dlkit.plots import images as pictures
from dlkit.plots import labels, ramps, style

TILE = 150  # pixels across a picture as drawn
SHARP = 2 * TILE  # pixels kept along its longer side
GAP, LINE = 14, 22
STRONGEST = 0.85  # how much of the picture the strongest heat covers


def heat(
    images: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    captions: Sequence[str] = (),
    columns: int = 4,
) -> Figure:
    """Draws each image, and below it in grey with the heat that a coarse map has there.

    Each map is scaled to its own maximum, and enlarged smoothly; a map of zeros leaves grey alone.

    Args:
        images: (n, height, width, channels), or n such arrays; see `grid`.
        maps: (n, rows, columns), none negative, such as `inspection.gradcam` gives.
        captions: a line for each image.
        columns: images in a row.

    Raises:
        ValueError: images, maps and captions are not equally many, or a shape does not fit.

    Example:
        ```python
        plots.save(plots.heat(images, dlkit.gradcam(model, images)), "gradcam.png")
        ```
    """
    return _stacked(images, maps, captions, columns, _glow, "what spoke for a class")


def saliency(
    images: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    captions: Sequence[str] = (),
    columns: int = 4,
) -> Figure:
    """Draws each image, and below it how much each of its pixels counts: the darker, the more.

    The darkest is the 99.5th percentile of the map, so that a single pixel does not fade the rest.
    Arguments as of `heat`; the maps are those of `inspection.saliency`.
    """
    return _stacked(images, maps, captions, columns, _ink, "how much each pixel counts")


def _stacked(images, maps, captions, columns: int, draw: Callable, what: str) -> Figure:
    captions = list(captions) or [""] * len(images)
    if not len(images) == len(maps) == len(captions):
        raise ValueError(
            f"{len(images)} images, {len(maps)} maps and {len(captions)} captions: one each"
        )
    shown = [_enlarged(image) for image in images]
    high = max((TILE * min(1, p.shape[0] / p.shape[1]) for p in shown), default=TILE)
    columns = max(1, min(columns, len(images)))
    rows = max(1, -(-len(images) // columns))
    line = LINE if any(captions) else 0
    cell = 2 * high + 4 + line + GAP
    with style.theme():
        drawn = style.figure(
            columns * (TILE + GAP) - GAP, rows * cell - GAP, f"{len(images)} images, and {what}."
        )
        for place, (picture, map_, caption) in enumerate(zip(shown, maps, captions, strict=True)):
            row, column = divmod(place, columns)
            left, top = column * (TILE + GAP), row * cell
            _show(drawn, left, top, high, picture)
            _show(drawn, left, top + high + 4, high, draw(picture, _checked(map_)))
            caption = labels.shorten(caption, 24)
            style.write(drawn, left, top + 2 * high + 8, labels.isolate(caption), size=11.5)
    return drawn


def _show(drawn: Figure, left: float, top: float, high: float, picture: np.ndarray) -> None:
    """Sets a picture into a box of `TILE` by `high` pixels, in its middle."""
    scale = min(TILE / picture.shape[1], high / picture.shape[0])
    height, width = scale * picture.shape[0], scale * picture.shape[1]
    x, y = left + (TILE - width) / 2, top + (high - height) / 2
    axes = style.place(drawn, x, y, width, height)
    axes.imshow(picture, interpolation="none", aspect="auto")
    axes.set_axis_off()


def _enlarged(image: np.ndarray) -> np.ndarray:
    """The image as it is drawn: large ones reduced, small ones enlarged without blur."""
    pixels = pictures.thumbnail(image, SHARP)
    times = max(1, SHARP // max(pixels.shape[:2]))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def _glow(picture: np.ndarray, map_: np.ndarray) -> np.ndarray:
    share = _resized(map_ / (map_.max() or 1.0), picture, Image.BICUBIC)[..., None]
    grey = np.asarray(Image.fromarray(picture).convert("L"), float)[..., None].repeat(3, axis=-1)
    grey = 50 + 0.7 * grey  # neither black nor white, so that heat can be told from both
    glow = 255 * ramps.GLOWING(share[..., 0])[..., :3]
    return np.rint(grey + STRONGEST * share * (glow - grey)).astype(np.uint8)


def _ink(picture: np.ndarray, map_: np.ndarray) -> np.ndarray:
    enlarging = map_.shape[0] < picture.shape[0]
    values = _resized(map_, picture, Image.NEAREST if enlarging else Image.BOX, clip=False)
    return ramps.colors(values, float(np.percentile(values, 99.5)))


def _resized(map_: np.ndarray, picture: np.ndarray, how, clip: bool = True) -> np.ndarray:
    """A map (rows, columns) in the picture's size."""
    size = (picture.shape[1], picture.shape[0])
    values = np.asarray(Image.fromarray(map_.astype("float32"), "F").resize(size, how), float)
    return np.clip(values, 0, 1) if clip else values


def _checked(map_: np.ndarray) -> np.ndarray:
    map_ = np.nan_to_num(np.asarray(map_, float), posinf=0.0)
    if map_.ndim != 2 or not map_.size or (map_ < 0).any():
        raise ValueError(
            f"a map has the shape (rows, columns) and no negative values: {map_.shape}"
        )
    return map_
