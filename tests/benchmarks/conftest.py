"""Two ways of doing a thing, timed in turn, so that what disturbs the one disturbs the other."""

import gc
import time

import numpy as np
import pytest


@pytest.fixture
def compare(benchmark, capsys):
    """`compare(name, first, second, aim)` prints how many times as long the first takes.

    With `images=n`, where each works through n images, it prints what either does in a second too.
    What is short and noisy takes more `pairs`.
    """

    def run(name, first, second, aim, images=0, pairs=10):
        taken = benchmark.pedantic(interleaved, args=(first, second, pairs), rounds=1)
        middle, low, high = ratio(taken)
        with capsys.disabled():
            print(f"\n{name}: {middle:.3f} (95 %: {low:.3f} … {high:.3f}; aim {aim})")
            if images:
                one, other = images / np.median(taken, axis=0)
                print(f"  {one:,.1f} against {other:,.1f} images a second")

    return run


def interleaved(first, second, pairs):
    """Seconds (pairs, 2) that each took, run in alternating order after one run to warm up."""
    _seconds(first), _seconds(second)
    found = []
    for i in range(pairs):
        order = (first, second) if i % 2 == 0 else (second, first)
        taken = {run: _seconds(run) for run in order}
        found.append((taken[first], taken[second]))
    return np.array(found)


def ratio(taken, seed=0):
    """How many times as long the first takes, of seconds (pairs, 2).

    Returns:
        The median of the pairs' ratios, and its 95 % interval over 10,000 bootstrap samples.
    """
    found = taken[:, 0] / taken[:, 1]
    draws = np.random.default_rng(seed).choice(found, (10_000, len(found)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return float(np.median(found)), float(low), float(high)


def _seconds(run):
    gc.collect()  # what the run before left is not to be paid for by this one
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
