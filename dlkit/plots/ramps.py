"""From numbers to colours: ramps out of the palette, for maps of values."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from dlkit.plots import style

RISING = LinearSegmentedColormap.from_list("rising", [style.SURFACE, style.ACCENT, style.INK])
"""0 is paper, 1 is ink."""

SIGNED = LinearSegmentedColormap.from_list("signed", [style.WARM, style.SURFACE, style.ACCENT])
"""0 is warm, one half paper, 1 the accent: for values below and above zero."""

GLOWING = LinearSegmentedColormap.from_list("glowing", [style.WARM, "#ff8a1f", "#ffe45c"])
"""Laid over a grey picture: warm, then light."""


def colors(values: np.ndarray, limit: float | None = None) -> np.ndarray:
    """Values of any shape as red, green and blue, `(…, 3)` uint8.

    Values that are never negative go from paper to ink; others have zero as paper, and one colour
    on each side.

    Args:
        values: the numbers; what is not finite counts as 0.
        limit: what the full colour stands for; the largest magnitude when None.
    """
    values = np.nan_to_num(np.asarray(values, float), posinf=0.0, neginf=0.0)
    limit = limit or float(np.abs(values).max(initial=0.0)) or 1.0
    shares = np.clip(values / limit, -1, 1)
    ramp, places = (SIGNED, (shares + 1) / 2) if (values < 0).any() else (RISING, shares)
    return ramp(places, bytes=True)[..., :3]
