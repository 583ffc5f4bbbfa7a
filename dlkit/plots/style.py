"""One theme for every picture: colours, type, and axes placed to the pixel.

Figures are plain `matplotlib.figure.Figure` objects, made without pyplot, so drawing one changes
no global state and needs no display. Sizes are in pixels of the picture at scale 1 (72 to the
inch, so that a font size in points is a size in pixels too).

Each colour of `PALETTE` has a hex value that no other colour has. A page that embeds a figure as
SVG can therefore swap each for a CSS variable of the same name and follow the reader's dark mode.
"""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PALETTE = {
    "ink": "#16191d",  # text that is read
    "muted": "#5f6771",  # text that is consulted; the training curve
    "rule": "#e3e5e8",  # grid lines, borders
    "accent": "#1d5fd1",  # what matters: validation, right answers
    "warm": "#c4510c",  # what went wrong; told from the accent by every kind of colour sight
    "surface": "#ffffff",  # the paper
    "on-accent": "#fffffe",  # text on a full accent or warm cell
}
INK, MUTED, RULE, ACCENT, WARM, SURFACE, ON_ACCENT = PALETTE.values()

PIXELS_PER_INCH = 72
FONTS = ("Inter", "Helvetica Neue", "Segoe UI", "Arial", "Liberation Sans", "DejaVu Sans")

_SETTINGS = {
    "font.family": "sans-serif",
    "font.size": 11.5,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called "$5 to $10"
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 1.0,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "xtick.major.size": 4,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
    "xtick.major.pad": 4,
    "ytick.major.pad": 6,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
    "figure.facecolor": SURFACE,
    "savefig.facecolor": SURFACE,
    "image.composite_image": False,
}


@contextlib.contextmanager
def theme(**more) -> Iterator[None]:
    """Applies the theme inside a `with` block and puts the caller's settings back after it."""
    with matplotlib.rc_context({**_SETTINGS, **more}):
        yield


def figure(width: float, height: float, label: str = "") -> Figure:
    """Returns an empty Figure of `width` by `height` pixels.

    Args:
        width: pixels at scale 1.
        height: pixels at scale 1.
        label: what the picture shows, in words; a page uses it as the text alternative.
    """
    drawn = Figure(
        figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH),
        dpi=2 * PIXELS_PER_INCH,
        facecolor=SURFACE,
    )
    drawn.set_label(label)
    return drawn


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Adds axes whose box starts `left`, `top` pixels from the figure's upper left corner."""
    full_width, full_height = figure.get_size_inches() * PIXELS_PER_INCH
    bottom = full_height - top - height
    return figure.add_axes(
        (left / full_width, bottom / full_height, width / full_width, height / full_height)
    )


def write(figure: Figure, left: float, top: float, text: str, **options) -> None:
    """Writes `text` with the upper left corner of its first line at `left`, `top` pixels."""
    full_width, full_height = figure.get_size_inches() * PIXELS_PER_INCH
    options = {"ha": "left", "va": "top", "color": INK, **options}
    figure.text(left / full_width, 1 - top / full_height, text, **options)


def save(figure: Figure, path: str | os.PathLike, scale: float = 2.0) -> pathlib.Path:
    """Writes `figure` to `path` (the suffix says the format) in the best font at hand.

    Args:
        figure: a figure of `dlkit.plots`.
        path: where to; `.png`, `.svg` and `.pdf` among others.
        scale: pixels of the file for each pixel of the design.

    Example:
        ```python
        plots.save(plots.curves(history), "curves.png")
        ```
    """
    path = pathlib.Path(path)
    installed = set(font_manager.get_font_names())
    fonts = [name for name in FONTS if name in installed]
    with theme(**{"font.sans-serif": fonts, "svg.fonttype": "none", "svg.hashsalt": "dlkit"}):
        figure.savefig(path, dpi=scale * PIXELS_PER_INCH)
    return path
