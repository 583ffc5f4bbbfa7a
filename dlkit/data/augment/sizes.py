"""Sizes of rectangles in an image: drawn by area and shape, and tabled.

Tabled with NumPy because a root or logarithm of a whole batch would depend, in its last digit, on
the sample's place in it: vector instructions round otherwise than the rest's.
"""

import functools
import math

import numpy as np

GRID = 64  # quantiles of area, and of ratio, that the sizes are tabled at


@functools.lru_cache
def by_area(
    height: int, width: int, area: tuple[float, float], ratio: tuple[float, float]
) -> np.ndarray:
    """Heights and widths, each equally likely; those that do not fit are not there.

    Args:
        height: the image's, in pixels.
        width: likewise.
        area: the least and the largest share of the image, uniform between.
        ratio: the least and the largest height to width, log-uniform between.

    Returns:
        (n, 2) int32.
    """
    quantiles = (np.arange(GRID) + 0.5) / GRID
    areas = height * width * (area[0] + (area[1] - area[0]) * quantiles)
    ratios = np.exp(math.log(ratio[0]) + math.log(ratio[1] / ratio[0]) * quantiles)
    heights = np.rint(np.sqrt(np.outer(areas, ratios)))
    widths = np.rint(np.sqrt(np.outer(areas, 1 / ratios)))
    sizes = np.stack([heights.ravel(), widths.ravel()], axis=1)
    fits = ((sizes >= 1) & (sizes <= (height, width))).all(axis=1)
    return sizes[fits].astype(np.int32)
