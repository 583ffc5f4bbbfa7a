"""The report tells how much of the time the input took."""

import math

import pytest

from dlkit.train import report
from dlkit.train.report import time_split


def with_waits(log, share):
    head, *rows = log.splitlines()
    column = head.split(",").index("seconds")
    lines = [f"{row},{share * float(row.split(',')[column]):.6f}" for row in rows]
    return "\n".join([f"{head},input_seconds", *lines]) + "\n"


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.01, "1.0% of the time: it keeps up."), (0.12, "would gain"), (0.5, "holds training up")],
)
def test_the_sentence_and_the_picture(make_run, share, told):
    page = report.write(make_run(log=with_waits(make_run.log(), share))).read_text()
    assert "Steps waited for their input in" in page and told in page
    assert 'aria-label="Time of an epoch:' in page
    assert "Input seconds" not in page  # it is no metric that a curve is drawn of


def test_runs_of_which_nobody_measured_it(make_run):
    assert "Steps waited" not in report.write(make_run()).read_text()


def test_the_first_epoch_which_traces_does_not_count():
    split = time_split.of({"seconds": [10.0, 2.0, 2.0], "input_seconds": [9.0, 0.5, 0.5]})
    assert (split.waiting, split.computing) == (0.5, 1.5)
    assert time_split.of({"seconds": [10.0], "input_seconds": [9.0]}).share == pytest.approx(0.9)
    assert time_split.of({"seconds": [1.0], "input_seconds": [math.nan]}) is None
