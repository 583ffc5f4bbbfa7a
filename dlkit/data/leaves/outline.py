"""From a species to one leaf: polygons and vein lines in the leaf's own plane.

The stalk ends at (0, 0), where the leaf begins, which grows towards +y.
"""

from typing import NamedTuple

import numpy as np

from dlkit.data.leaves.species import Blade, Species

POINTS = 72  # a side of a blade
VARY = 0.15  # widths, curves and cuts of two leaves of a kind differ by this much, either way
HEIGHTS = np.linspace(0, 1, POINTS)


class Leaf(NamedTuple):
    """One leaf about the middle of it, (0, 0); its farthest point is at distance 1."""

    blades: np.ndarray  # (n, 2 · POINTS, 2), polygons
    veins: np.ndarray  # (m, 2, 2), straight lines; the first is the stalk


def leaf(species: Species, rng: np.random.Generator) -> Leaf:
    """Draws one leaf of a species: no two are the same."""
    blade = _individual(species.blade, rng)
    bounds, ribs = _bounds(blade), _ribs(blade, species.veins)
    places = _places(species, rng)  # (n, 3)
    heights, lengths = places[:, 0], places[:, 2] * rng.uniform(0.9, 1.1, len(places))
    turns = np.deg2rad(places[:, 1] + rng.normal(0, 4, len(places)))
    up, side = lengths * np.cos(turns), lengths * np.sin(turns)
    frames = np.stack([up, -side, side, up], axis=1).reshape(-1, 2, 2)  # rows: where x and y go
    foot = np.stack([np.zeros_like(heights), heights], axis=1)[:, np.newaxis]  # (n, 1, 2)
    blades = bounds @ frames + foot
    veins = (ribs.reshape(-1, 2) @ frames + foot).reshape(-1, 2, 2)
    stem = np.array(
        [[(0.0, -rng.uniform(0.15, 0.45)), (0.0, 0.0)], [(0.0, 0.0), foot[:, 0].max(0)]]
    )
    bend = rng.uniform(-0.25, 0.25)
    return _centred(_bent(blades, bend), _bent(np.concatenate([stem, veins]), bend))


def _individual(blade: Blade, rng: np.random.Generator) -> Blade:
    width, a, b, depth = rng.uniform(1 - VARY, 1 + VARY, 4)
    return blade._replace(
        width=blade.width * width,
        a=blade.a * a,
        b=blade.b * b,
        depth=min(0.9, blade.depth * depth),
        teeth=blade.teeth and max(2, blade.teeth + int(rng.integers(-1, 2))),
    )


def _places(species: Species, rng: np.random.Generator) -> np.ndarray:
    """(height of the base, degrees from upright, length) of each blade: (n, 3)."""
    pairs = int(rng.integers(species.pairs[0], species.pairs[1] + 1))
    if pairs:
        heights = np.linspace(0.25, 1.0, pairs, endpoint=False)
        sides = [(h, s * rng.uniform(50, 70), 0.5) for h in heights for s in (-1, 1)]
        return np.array([(1.0, 0.0, 0.5), *sides])
    count = int(rng.integers(species.fan[0], species.fan[1] + 1))
    across = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    shares = 1 - (1 - species.outer) * np.abs(across)
    places = np.stack([np.zeros(count), across * species.spread / 2, shares], axis=1)
    if not species.lobes:
        return places
    length, degrees = species.lobes
    return np.concatenate([places, [(0.12, -degrees, length), (0.12, degrees, length)]])


def _bounds(blade: Blade) -> np.ndarray:
    """(2 · POINTS, 2): up the right side and down the left one."""
    half = _half_width(blade, HEIGHTS)
    up = np.stack([half, HEIGHTS], axis=1)
    return np.concatenate([up, (up * (-1, 1))[::-1]])


def _half_width(blade: Blade, t: np.ndarray) -> np.ndarray:
    """Half the width at heights t."""
    a, b = blade.a, blade.b
    top = a / (a + b)  # where tᵃ · (1 - t)ᵇ is greatest
    w = (t**a * (1 - t) ** b) / (top**a * (1 - top) ** b)
    if blade.teeth:
        phase = (t * blade.teeth) % 1
        tip = np.where(phase < blade.lean, phase / blade.lean, (1 - phase) / (1 - blade.lean))
        tip = np.sin(np.pi / 2 * tip) if blade.rounded else tip
        w = w * (1 - blade.depth * (1 - tip))
    return blade.width / 2 * w


def _ribs(blade: Blade, pairs: int) -> np.ndarray:
    """The midrib, and pairs of veins that rise to the margin: (1 + 2 · pairs, 2, 2)."""
    starts = np.linspace(0.08, 0.8, pairs)
    reach = 0.8 * _half_width(blade._replace(teeth=0), starts + 0.13)
    inner = np.stack([np.zeros(pairs), starts], axis=1)
    outer = np.stack([reach, starts + 0.13], axis=1)
    right = np.stack([inner, outer], axis=1)
    return np.concatenate([[[(0.0, 0.0), (0.0, 0.95)]], right, right * (-1, 1)])


def _bent(points: np.ndarray, bend: float) -> np.ndarray:
    x, y = points[..., 0], points[..., 1]
    return np.stack([x + bend * y * np.abs(y), y], axis=-1)


def _centred(blades: np.ndarray, veins: np.ndarray) -> Leaf:
    middle = (blades.min(axis=(0, 1)) + blades.max(axis=(0, 1))) / 2
    size = np.sqrt(((blades - middle) ** 2).sum(axis=-1).max())
    return Leaf((blades - middle) / size, (veins - middle) / size)
