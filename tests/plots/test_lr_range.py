"""The range test's picture, and that of an epoch's time."""

import matplotlib
import numpy as np
import pytest

from dlkit import plots
from dlkit.plots import style

RATES = np.geomspace(1e-7, 1, 140)
LOSSES = 2.3 - 2 / (1 + (1e-3 / RATES) ** 2) + (RATES / 0.05) ** 3


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_the_curve_and_the_suggestion():
    drawn = plots.lr_range(RATES, LOSSES, LOSSES, 4e-3, "lenet5 on digits")
    axes = drawn.axes[0]
    curve = next(line for line in axes.lines if line.get_color() == style.ACCENT)
    np.testing.assert_array_equal(curve.get_ydata(), LOSSES)
    assert axes.get_xscale() == "log" and {"0.004", "lenet5 on digits"} <= set(texts(drawn))
    dot = next(line for line in axes.lines if line.get_markersize() == 10)
    assert dot.get_xdata()[0] == 4e-3
    assert drawn.get_label().endswith("suggested: 0.004.")


def test_the_leap_does_not_flatten_the_rest():
    assert plots.lr_range(RATES, LOSSES, LOSSES).axes[0].get_ylim()[1] < 5 < LOSSES.max()


def test_without_a_suggestion_nothing_is_marked():
    drawn = plots.lr_range(RATES, np.full(140, 2.3), np.full(140, 2.3))
    assert len(drawn.axes[0].lines) == 2 and drawn.get_label().endswith("no suggestion.")


def test_the_bar_is_split_at_the_share():
    drawn = plots.time_split(0.5, 1.5)
    widths = [bar.get_width() for bar in drawn.axes[0].patches]
    assert widths == [0.25, 0.75]
    assert {"25.0% waiting for input", "75.0% computing", "2 s"} <= set(texts(drawn))
    assert drawn.get_label() == "Time of an epoch: 25.0% waiting for input."


@pytest.mark.parametrize(("waiting", "computing"), [(0, 0), (-1, 2), (float("nan"), 1)])
def test_no_time_cannot_be_split(waiting, computing):
    with pytest.raises(ValueError, match="no seconds to split"):
        plots.time_split(waiting, computing)
