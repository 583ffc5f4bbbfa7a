"""A finding holds by its numbers alone."""

import json
import math

import numpy as np
import pytest
from dlkit_vision.experiments import report
from dlkit_vision.experiments.finding import Finding, Result


@pytest.mark.parametrize(
    "least, most, measured, holds",
    [
        (10.0, None, 10.0, True),
        (10.0, None, 9.99, False),
        (None, 20.0, 20.0, True),
        (None, 20.0, 20.1, False),
        (1.0, 2.0, 1.5, True),
        (1.0, 2.0, 2.5, False),
        (0.1, 0.1, 0.1 * (1 + 1e-12), True),
        (0.1, 0.1, 0.1001, False),
        (None, None, 5.0, None),
        (10.0, None, math.nan, False),
        (None, 20.0, math.nan, False),
        (1.0, 1.0, math.nan, False),
    ],
)
def test_it_holds_within_its_bounds(least, most, measured, holds):
    assert Finding("x", measured, "points", least, most).holds is holds


@pytest.mark.parametrize(
    "finding, said, required",
    [
        (Finding("x", 88.88, "points", least=10.0), "88.9 points", "≥ 10 points"),
        (Finding("x", 9.1111, "%", most=20.0), "9.1%", "≤ 20%"),
        (Finding("x", 18.0, "C²", 18, 18), "18 C²", "= 18 C²"),
        (Finding("x", 0.11892, "", 0.11892, 0.11892), "0.1189", "= 0.1189"),
        (Finding("x", -0.3, "points", -3.0, 3.0), "-0.3 points", "≥ -3 points, ≤ 3 points"),
        (Finding("x", 5.0, "%"), "5%", ""),
        (Finding("x", math.nan, "%"), "nan%", ""),
        (Finding("x", 1234567, ""), "1,234,567", ""),
    ],
)
def test_it_is_written_as_people_read_it(finding, said, required):
    assert (finding.said, finding.required) == (said, required)


def test_json_has_no_nan():
    values = Finding("x", math.nan, "%", least=1.0).as_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == {
        "claim": "x", "measured": None, "unit": "%", "least": 1.0, "most": None,
        "required": "≥ 1%", "holds": False,
    }  # fmt: skip


@pytest.mark.parametrize("most", [None, 20.0])
def test_numbers_of_numpys_are_written_too(most):
    values = Finding("x", np.float64(12.5), "%", least=np.float64(10), most=most).as_dict()
    assert json.loads(json.dumps(values))["holds"] is True


def test_a_result_holds_where_nothing_required_fails():
    shown, held, failed = (Finding("x", 5.0, "%", least) for least in (None, 1.0, 9.0))
    assert Result((shown, held)).holds
    assert not Result((shown, held, failed)).holds


def test_a_table_has_a_row_a_claim_and_a_column_a_seed():
    def measured(seed, value):
        findings = (Finding("shown", 1.0, "%"), Finding("gap", value, "points", least=10.0))
        return report.Measured("x", seed, Result(findings), 61.0, 90.0)

    both = [measured(3, 12.0), measured(4, 9.5)]
    assert report.table(both).splitlines() == [
        "| claim | required    | seed 3    | seed 4     | holds |",
        "| ----- | ----------- | --------- | ---------- | ----- |",
        "| shown |             | 1%        | 1%         |       |",
        "| gap   | ≥ 10 points | 12 points | 9.5 points | NO    |",
    ]
    assert report.summary(both) == "1 of 2 requirements hold; 122 seconds, of processors 180."
