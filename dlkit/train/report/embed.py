"""Figures as inline SVG that takes its colours and its type from the page around it."""

import html
import io
import re
import warnings
from xml.etree import ElementTree

from matplotlib.figure import Figure

from dlkit.plots import labels, style

SMOOTH_FROM = 96  # pixels: images this wide are photographs, smaller ones are enlarged crisply

_VARIABLES = {color: f"var(--{name})" for name, color in style.PALETTE.items()}
_VARIABLES["#000000"] = _VARIABLES[style.INK]  # of figures that others drew
_COLOR = re.compile(r"#[0-9a-f]{6}\b")
_FONT = re.compile(r"\s*font-family:[^;]*;?")
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def inline(figure: Figure, prefix: str, alt: str = "") -> str:
    """Returns `figure` as an `<svg>` element for an HTML page.

    The text stays text, in the page's font; the theme's colours become CSS variables
    (`--ink`, `--accent`, …), so that the picture follows the page into dark mode and print.

    Args:
        figure: any matplotlib Figure; one not of `dlkit.plots` keeps its own colours but for
            black and white.
        prefix: begins each id, so that two figures of a page never share one.
        alt: the text alternative; by default the figure's label.
    """
    svg = ElementTree.fromstring(_draw(figure))
    width, height = (float(number) for number in svg.get("viewBox").split()[2:])
    _drop_styles(svg)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', ElementTree.tostring(svg).decode()))
    for element in svg.iter():
        _adapt(element, prefix, used)
    alt = labels.clean(alt or figure.get_label()) or "A figure without a description."
    svg.attrib = {
        "viewBox": f"0 0 {width:g} {height:g}",
        "style": f"--width:{width:g}",
        "role": "img",
        "aria-label": alt,
    }
    return ElementTree.tostring(svg, encoding="unicode")


def width_of(figure: Figure) -> float:
    """Returns the width of a figure in pixels at scale 1."""
    return float(figure.get_size_inches()[0] * style.PIXELS_PER_INCH)


def _draw(figure: Figure) -> str:
    """Renders with the font that comes with matplotlib: the same bytes on any machine."""
    drawn = io.BytesIO()
    fixed = {"svg.fonttype": "none", "svg.hashsalt": "dlkit", "font.sans-serif": ["DejaVu Sans"]}
    with style.theme(**fixed), warnings.catch_warnings():
        # The page's reader has the glyphs that the bundled font lacks: the text stays text.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        figure.savefig(drawn, format="svg", facecolor="none", metadata=_NO_METADATA)
    return labels.UNPRINTABLE.sub("\ufffd", drawn.getvalue().decode("utf-8", "replace"))


def _drop_styles(svg: ElementTree.Element) -> None:
    """Removes matplotlib's global `<style>`: in a page it would style every element."""
    for parent in svg.iter():
        for child in list(parent):
            if child.tag.endswith(("}style", "}metadata", "}title")):
                parent.remove(child)


def _adapt(element: ElementTree.Element, prefix: str, used: set[str]) -> None:
    """Frees an element of namespaces, idle ids and fixed colours."""
    element.tag = element.tag.rpartition("}")[2]
    for name, value in list(element.attrib.items()):
        del element.attrib[name]
        name = name.rpartition("}")[2]
        if name == "id":
            value = f"{prefix}-{value}" if value in used else ""
        elif name == "href" and value.startswith("#"):
            value = f"#{prefix}-{value[1:]}"
        elif name == "href" and not value.startswith("data:"):
            value = ""  # a link out of the page, which promises to need nothing else
        elif name == "transform" and value.startswith("rotate(-0 "):
            value = ""
        elif name == "d":
            value = " ".join(value.split())
        value = re.sub(r"url\(#", f"url(#{prefix}-", value)
        if name == "style":
            value = _FONT.sub("", _COLOR.sub(lambda hit: _VARIABLES.get(hit[0], hit[0]), value))
        if value:
            element.set(name, value)
    if element.tag == "image" and float(element.get("width", 0)) >= SMOOTH_FROM:
        element.set("style", "image-rendering:auto")
    if element.tag not in ("text", "tspan") and not (element.text or "").strip():
        element.text = None
    if not (element.tail or "").strip():
        element.tail = "\n" if element.tag == "g" else None


def escape(text: object) -> str:
    """Returns any text as HTML that shows exactly that text."""
    return html.escape(labels.UNPRINTABLE.sub("\ufffd", str(text)))
