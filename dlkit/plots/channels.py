"""What a layer's channels look for, and what they make of an image: one small picture each."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlkit.plots import images as pictures
from dlkit.plots import labels, ramps, style

TILE, GAP, TOP = 64, 4, 46
SHARP = 2 * TILE


def feature_maps(
    maps: np.ndarray, title: str = "Feature maps", limit: int = 40, columns: int = 10
) -> Figure:
    """Draws the maps of one image, all on one scale: blank is 0, the darker the more.

    Maps that have negative values are blue above zero and orange below.

    Args:
        maps: (rows, columns, channels), one image's of `inspection.feature_maps`.
        title: the layer, say.
        limit: of more channels, those with the largest mean magnitude are drawn, in their order.
        columns: maps in a row.

    Raises:
        ValueError: the shape is no map's.
    """
    maps = np.asarray(maps, float)
    if maps.ndim != 3 or not maps.size:
        raise ValueError(
            f"maps of one image have the shape (rows, columns, channels): {maps.shape}"
        )
    strength = np.abs(maps).mean(axis=(0, 1))
    chosen = np.sort(np.argsort(-strength, kind="stable")[:limit])
    shown = ramps.colors(maps[..., chosen], float(np.percentile(np.abs(maps), 99.8)) or None)
    silent = int((strength == 0).sum())
    note = f"{_of(len(chosen), maps.shape[-1], 'channel')}, {maps.shape[0]}×{maps.shape[1]}"
    note += f"; {silent} silent" if silent else ""
    tiles = [shown[:, :, k] for k in range(len(chosen))]
    return _tiles(tiles, title, note, columns)


def filters(
    kernel: np.ndarray, title: str = "First-layer filters", limit: int = 64, columns: int = 10
) -> Figure:
    """Draws the filters of a convolution, all on one scale.

    Filters of three channels are drawn as the colors that they look for, grey where they are 0.
    Others are drawn as the mean over their channels: blue above zero, orange below.

    Args:
        kernel: (height, width, channels in, filters), such as `inspection.filters` gives.
        title: the layer, say.
        limit: how many are drawn.
        columns: filters in a row.

    Raises:
        ValueError: the shape is no kernel's.
    """
    kernel = np.asarray(kernel, float)
    if kernel.ndim != 4 or not kernel.size:
        raise ValueError(f"a kernel has the shape (height, width, in, filters): {kernel.shape}")
    high, wide, channels, number = kernel.shape
    drawn = kernel[..., :limit]
    note = f"{_of(drawn.shape[-1], number, 'filter')}, {high}×{wide}×{channels}"
    if channels == 3:
        limit = np.abs(drawn).max() or 1.0
        shown = np.rint(127.5 * (1 + drawn / limit)).astype(np.uint8)
        tiles = [shown[..., k] for k in range(drawn.shape[-1])]
    else:
        shown = ramps.colors(drawn.mean(axis=2))
        tiles = [shown[:, :, k] for k in range(drawn.shape[-1])]
        note += ", mean over channels" if channels > 1 else ""
    return _tiles(tiles, title, note, columns)


def _tiles(tiles: list[np.ndarray], title: str, note: str, columns: int) -> Figure:
    columns = max(1, min(columns, len(tiles)))
    rows = -(-len(tiles) // columns)
    high = TILE * min(1.0, tiles[0].shape[0] / tiles[0].shape[1])
    title = labels.clean(title)
    width = max(columns * (TILE + GAP) - GAP, 240)
    with style.theme():
        drawn = style.figure(width, TOP + rows * (high + GAP), f"{title}: {note}.")
        style.write(drawn, 0, 4, title, weight="bold", size=12.5)
        style.write(drawn, 0, 23, note, color=style.MUTED, size=11)
        for place, tile in enumerate(tiles):
            row, column = divmod(place, columns)
            left, top = column * (TILE + GAP), TOP + row * (high + GAP)
            axes = style.place(drawn, left, top, TILE, high)
            axes.imshow(pictures.thumbnail(tile, SHARP), interpolation="none", aspect="auto")
            axes.set_axis_off()
            axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False,
                                     edgecolor=style.RULE))  # fmt: skip
    return drawn


def _of(number: int, total: int, noun: str) -> str:
    """`6 channels`, or `40 of 512 channels`."""
    return f"{number} {noun}s" if number == total else f"{number} of {total} {noun}s"
