"""Labels in a column, each as near to its own place as the others let it be."""

from collections.abc import Sequence


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Moves places apart until neighbours are `gap` away from each other.

    The sum of squared moves is the least there is: with z_k = y_k - k · gap the sorted places have
    to rise, and neighbours that would fall are pooled at their mean (isotonic regression by pool
    adjacent violators, Barlow et al. 1972).

    Args:
        places: where the labels want to be.
        gap: the distance that two need.
        low: no label is below, if there is room.
        high: no label is above.

    Returns:
        A place for each, in the order given.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    pools: list[list[float]] = []  # of mean and size
    for position, index in enumerate(order):
        mean, size = places[index] - position * gap, 1.0
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean = (mean * size + other * others) / (size + others)
            size += others
        pools.append([mean, size])
    rising = [mean for mean, size in pools for _ in range(int(size))]
    last = len(places) - 1
    most = max(high - last * gap, low)
    found = [0.0] * len(places)
    for position, index in enumerate(order):
        found[index] = min(max(rising[position], low), most) + position * gap
    return found
