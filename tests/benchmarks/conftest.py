"""Two ways of doing a thing, timed in turn, so that what disturbs the one disturbs the other."""

import time

import numpy as np
import pytest


@pytest.fixture
def compare(benchmark, capsys):
    """`compare(name, first, second, aim)` prints how many times as long the first takes."""

    def run(name, first, second, aim):
        middle, low, high = benchmark.pedantic(ratio, args=(first, second), rounds=1)
        with capsys.disabled():
            print(f"\n{name}: {middle:.3f} (95 %: {low:.3f} … {high:.3f}; aim {aim})")

    return run


def ratio(first, second, pairs=10, seed=0):
    """How many times as long `first` takes as `second`.

    Args:
        first: a callable.
        second: a callable.
        pairs: how often both are run, in alternating order, after one run of each to warm up.
        seed: of the bootstrap.

    Returns:
        The median of the pairs' ratios, and its 95 % interval over 10,000 bootstrap samples.
    """
    _seconds(first), _seconds(second)
    found = []
    for i in range(pairs):
        order = (first, second) if i % 2 == 0 else (second, first)
        taken = {run: _seconds(run) for run in order}
        found.append(taken[first] / taken[second])
    draws = np.random.default_rng(seed).choice(found, (10_000, len(found)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return float(np.median(found)), float(low), float(high)


def _seconds(run):
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
