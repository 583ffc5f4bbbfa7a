"""From a leaf to a photograph of it: soil, litter, a few leaves of one kind, sun and shadow.

Nothing in it but the leaves' shape and veins depends on their kind: soil, colours, sizes, places
and light are drawn alike for all.
"""

import colorsys

import numpy as np
from PIL import Image, ImageDraw

from dlkit.data.leaves import outline
from dlkit.data.leaves.species import Species

FINER = 2  # masks are drawn at so many times the picture's side, and then averaged
LEAVES = (1, 1, 2, 3)  # how many leaves a picture shows, each of these equally likely
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 13)), np.sin(np.linspace(0, 2 * np.pi, 13))], 1)
OCTAVES = (3, 7, 15, 31)  # cells of the soil's noise along a side, coarse to fine


def picture(species: Species, side: int, rng: np.random.Generator) -> np.ndarray:
    """Draws one picture: (side, side, 3) uint8.

    Args:
        species: of which kind its leaves are.
        side: height and width in pixels; the scene is the same at each.
        rng: all that varies is drawn from it.
    """
    scene = _soil(side, rng)
    sun = rng.uniform(-0.05, 0.05, 2)
    scene = _littered(scene, rng)
    for place in _spots(LEAVES[rng.integers(len(LEAVES))], rng):
        scene = _laid(scene, outline.leaf(species, rng), place, sun, rng)
    return _lit(scene, rng)


def _spots(count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, 3): centre x and y, and reach, all in sides; more leaves are smaller ones."""
    reach = rng.uniform(0.3, 0.5, count) / (1.0, 1.25, 1.45)[count - 1]
    angle = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(count) / count
    away = (0.0, 0.24, 0.28)[count - 1]
    centre = 0.5 + away * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.column_stack([centre + rng.uniform(-0.08, 0.08, (count, 2)), reach])


def _laid(
    scene: np.ndarray,
    leaf: outline.Leaf,
    spot: np.ndarray,
    sun: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Puts one leaf, turned and tilted, onto the scene, and its shadow under it."""
    turn, tilt = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
    squeeze = _turned(-tilt) @ np.diag([1.0, rng.uniform(0.7, 1.0)]) @ _turned(tilt)
    frame = spot[2] * _turned(turn) @ squeeze
    blades, veins = leaf.blades @ frame + spot[:2], leaf.veins @ frame + spot[:2]
    side = len(scene)
    body = _mask(side, blades, veins[:1])
    shadow = _mask(side, blades + sun)
    lines = _mask(side, lines=veins) * body
    scene = scene * (1 - 0.45 * shadow)
    color = _leaf_color(rng)
    tone = 1 + rng.uniform(0.02, 0.08) * _noise(side, 6, rng)[..., np.newaxis]
    light = color * tone + lines * (rng.uniform(-0.18, 0.3) * color.mean())
    return scene + body * (light - scene)


def _turned(angle: float) -> np.ndarray:
    return np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])


def _mask(side: int, polygons: np.ndarray = (), lines: np.ndarray = ()) -> np.ndarray:
    """(side, side, 1) float in 0 … 1; points are in sides."""
    image = Image.new("L", (side * FINER, side * FINER))
    draw = ImageDraw.Draw(image)
    for polygon in polygons:
        draw.polygon((polygon * side * FINER).ravel().tolist(), fill=255)
    for line in lines:
        draw.line((line * side * FINER).ravel().tolist(), fill=255, width=_thin(side))
    return np.asarray(image.reduce(FINER), np.float32)[..., np.newaxis] / 255


def _thin(side: int) -> int:
    """The width of veins and straws, in pixels of a mask."""
    return max(1, round(side * FINER / 80))


def _leaf_color(rng: np.random.Generator) -> np.ndarray:
    """Green mostly, yellow to blue-green, some of it dry."""
    hue, saturation = rng.uniform(0.16, 0.42), rng.uniform(0.35, 0.8)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, rng.uniform(0.3, 0.75)), np.float32)


def _soil(side: int, rng: np.random.Generator) -> np.ndarray:
    """Brown to grey, rough at every scale."""
    hue, saturation = rng.uniform(0.03, 0.12), rng.uniform(0.05, 0.4)
    color = np.array(colorsys.hsv_to_rgb(hue, saturation, rng.uniform(0.25, 0.7)), np.float32)
    rough = sum(_noise(side, cells, rng) for cells in OCTAVES) / len(OCTAVES)
    return color * (1 + rng.uniform(0.2, 0.6) * rough[..., np.newaxis])


def _littered(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Stones and straws, of soil's colours or of leaves'."""
    side = len(scene)
    image = Image.fromarray(np.rint(255 * np.clip(scene, 0, 1)).astype(np.uint8))
    image = image.resize((side * FINER, side * FINER), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(2, 6))):
        centre, turn = rng.uniform(0, 1, 2), _turned(rng.uniform(0, 2 * np.pi))
        grey = rng.uniform(0.3, 0.8) * rng.uniform(0.85, 1.0, 3)
        color = _leaf_color(rng) if rng.uniform() < 0.2 else grey
        fill = tuple(int(255 * part) for part in color)
        straw = rng.uniform() < 0.5
        size = (rng.uniform(0.1, 0.4), 0) if straw else rng.uniform(0.02, 0.09, 2)
        points = (CIRCLE * size @ turn + centre) * side * FINER
        if straw:
            ends = points[[0, len(points) // 2]]
            draw.line(ends.ravel().tolist(), fill=fill, width=_thin(side))
        else:
            draw.polygon(points.ravel().tolist(), fill=fill)
    return np.asarray(image.reduce(FINER), np.float32) / 255


def _lit(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light that falls off to one side, its colour and strength, and the camera's grain."""
    side = len(scene)
    place, angle = np.linspace(-0.5, 0.5, side, dtype=np.float32), rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * place + np.sin(angle) * place[:, np.newaxis]
    light = rng.uniform(0.7, 1.25) * (1 + rng.uniform(0, 0.5) * across[..., np.newaxis])
    tinted = scene * light * rng.uniform(0.92, 1.08, 3).astype(np.float32)
    grain = 0.02 * rng.standard_normal((side, side, 1), np.float32)
    return np.rint(255 * np.clip(tinted + grain, 0, 1)).astype(np.uint8)


def _noise(side: int, cells: int, rng: np.random.Generator) -> np.ndarray:
    """(side, side) smooth random hills, about -1 … 1: the same at every side."""
    grid = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(grid.resize((side, side), Image.Resampling.BILINEAR))
