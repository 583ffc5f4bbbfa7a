"""Twelve kinds of leaf: how a blade is bounded, and how blades stand together. Rows of a table."""

from typing import NamedTuple


class Blade(NamedTuple):
    """A blade of length 1 that grows upwards from 0, the same on both sides of its midrib.

    At height t it is `width` · w(t) wide, where w(t) ∝ tᵃ · (1 - t)ᵇ with its greatest value 1:
    a < b is broad below, a > b above. Its margin is cut in to a share `depth` of that between
    `teeth` tips a side; a tip stands at the share `lean` of its tooth, 0 backwards, 1 forwards.
    """

    width: float
    a: float
    b: float
    teeth: int = 0
    depth: float = 0.0
    lean: float = 0.5
    rounded: bool = False


class Species(NamedTuple):
    """Blades on a stalk.

    Attributes:
        blade: what each is bounded by.
        pairs: the least and most pairs of leaflets along the stalk, below the last one; or
        fan: the least and most blades out of one point, and
        spread: degrees from the first of them to the last.
        outer: the length of the outermost blades of a fan, as a share of the middle one's.
        lobes: length and degrees of two more blades that bulge backwards at the base.
        veins: side veins of a blade, a side.
    """

    blade: Blade
    pairs: tuple[int, int] = (0, 0)
    fan: tuple[int, int] = (1, 1)
    spread: float = 0.0
    outer: float = 1.0
    lobes: tuple[float, float] | None = None
    veins: int = 6


SPECIES: dict[str, Species] = {
    "ash": Species(Blade(0.34, 0.7, 1.0, 9, 0.12, 0.8), pairs=(3, 5), veins=4),
    "beech": Species(Blade(0.62, 0.6, 0.75), veins=8),
    "birch": Species(Blade(0.70, 0.45, 1.0, 9, 0.22, 0.75), veins=6),
    "chestnut": Species(
        Blade(0.36, 1.3, 0.55, 10, 0.12, 0.8), fan=(5, 7), spread=200, outer=0.6, veins=5
    ),
    "clover": Species(Blade(0.80, 1.0, 0.35), fan=(3, 3), spread=216, outer=0.95, veins=4),
    "dandelion": Species(Blade(0.34, 1.0, 0.45, 6, 0.75, 0.15), veins=0),
    "ginkgo": Species(Blade(0.42, 1.0, 0.2), fan=(6, 7), spread=124, outer=0.9, veins=0),
    "ivy": Species(Blade(0.62, 0.35, 0.7), fan=(5, 5), spread=210, outer=0.5, veins=2),
    "linden": Species(Blade(0.95, 0.4, 0.85, 11, 0.1, 0.75), lobes=(0.42, 128), veins=5),
    "maple": Species(
        Blade(0.55, 0.5, 0.9, 3, 0.38, 0.8), fan=(5, 5), spread=210, outer=0.55, veins=3
    ),
    "oak": Species(Blade(0.60, 1.0, 0.5, 5, 0.5, 0.5, rounded=True), veins=5),
    "willow": Species(Blade(0.17, 0.6, 0.9), veins=9),
}
"""Proportions drawn after the leaves that bear these names; margins as botany's manuals say."""
