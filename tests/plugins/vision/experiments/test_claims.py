"""The claims themselves, on the seeds that are required."""

import importlib

import pytest
from dlkit_vision.experiments import EXPERIMENTS, report
from dlkit_vision.experiments.finding import GAP


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_holds(name, seed, capsys):
    result = importlib.import_module(f"dlkit_vision.experiments.{name}").run(seed)
    with capsys.disabled():
        print(f"\n{name}\n{report.table([report.Measured(name, seed, result, 0.0, 0.0)])}")
    failed = [f"{f.claim}: {f.said}, required {f.required}" for f in result.findings
              if f.holds is False]  # fmt: skip
    assert not failed
    assert any(finding.holds for finding in result.findings)


def test_a_gap_is_ten_points_at_least():
    assert GAP >= 10
