"""Runs on one picture."""

import itertools
import math

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlkit import plots
from dlkit.plots.compare import LONGEST, SERIES, distinct
from dlkit.plots.spread import spread

A = {"epoch": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "val_loss": [3.1, 2.2, 1.5],
     "accuracy": [0.1, 0.2, 0.3], "val_accuracy": [0.1, 0.3, 0.2]}  # fmt: skip
B = {"loss": [2.5, 0.5], "val_loss": [2.6, 0.7]}


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def curves(axes, color):
    return [
        line
        for line in axes.lines
        if line.get_color() == color and line.get_transform() == axes.transData
    ]


def test_training_dashed_and_validation_solid_with_the_very_values():
    loss, accuracy = plots.compare({"a": A, "b": B}, ("loss", "accuracy")).axes
    train, val = curves(loss, SERIES[0])
    np.testing.assert_array_equal(train.get_ydata(), A["loss"])
    np.testing.assert_array_equal(val.get_ydata(), A["val_loss"])
    assert train.is_dashed() and not val.is_dashed()
    np.testing.assert_array_equal(curves(loss, SERIES[1])[1].get_xdata(), [1, 2])
    assert not curves(accuracy, SERIES[1])
    assert texts(loss.figure).count("a") == 2 and texts(loss.figure).count("b") == 1


def test_a_run_keeps_its_colour_where_another_is_missing():
    (axes,) = plots.compare({"b": B, "a": A}, ("accuracy",)).axes
    assert curves(axes, SERIES[1]) and not curves(axes, SERIES[0])


def test_the_kept_epoch_is_marked_on_validation():
    (axes,) = plots.compare({"a": A}, ("accuracy",), {"a": 2}).axes
    (dot,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (2, 0.3)


def test_a_diverged_run_ends_in_a_cross_and_is_named_so_in_every_panel():
    broken = {"loss": [1.0, 2.0, math.nan], "val_loss": [1.0, 2.0, math.nan],
              "accuracy": [0.1, 0.1, 0.1]}  # fmt: skip
    figure = plots.compare({"a": A, "x": broken}, ("loss", "accuracy"))
    crosses = [[line for line in axes.lines if line.get_marker() == "x"] for axes in figure.axes]
    assert [len(found) for found in crosses] == [1, 0]
    assert (crosses[0][0].get_xdata()[0], crosses[0][0].get_ydata()[0]) == (2, 2.0)
    assert texts(figure).count("x (diverged)") == 2


def test_never_finite_and_single_epochs_still_draw(tmp_path):
    never = {"loss": [math.nan], "val_loss": [math.nan]}
    figure = plots.compare({"never": never, "one": {"loss": [1.0]}})
    assert "never finite" in figure.get_label()
    assert plots.save(figure, tmp_path / "x.png").stat().st_size > 1000


def test_losses_far_apart_are_drawn_logarithmically():
    (axes,) = plots.compare({"a": A, "b": {"loss": [1e5, 1e4]}}).axes
    assert axes.get_yscale() == "log"


def test_labels_do_not_touch_and_stand_beside_the_curves():
    runs = {name: {"loss": [3.0, 1 + i / 1000]} for i, name in enumerate("abcdef")}
    (axes,) = plots.compare(runs).axes
    places = sorted(t.get_position()[1] for t in axes.texts)
    gaps = np.diff(places) * axes.bbox.height / 2  # drawn at twice the design's pixels
    assert min(gaps) >= 14.9 and min(places) >= 0 and max(places) <= 1
    assert all(t.get_position()[0] > 1 for t in axes.texts)


@pytest.mark.parametrize("runs", [{}, {str(i): B for i in range(7)}])
def test_how_many(runs):
    with pytest.raises(ValueError, match="from 1 to 6"):
        plots.compare(runs)


def test_a_metric_that_no_run_has():
    with pytest.raises(ValueError, match="no run has a column f1"):
        plots.compare({"a": A}, ("f1",))


def test_long_names_are_cut_and_stay_apart():
    stem = "resnet20-cifar10-a-long-experiment-name"
    for names in ([f"{stem}-{i}" for i in range(3)], [f"{i}-{stem}" for i in range(3)],
                  [f"{stem}-{i}-{stem}" for i in range(3)], ["a", "b"]):  # fmt: skip
        cut = distinct(names)
        assert len(set(cut)) == len(names) and max(map(len, cut)) <= LONGEST
    assert distinct(["a", "b"]) == ["a", "b"]


@given(st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=6))
def test_spread(places):
    found = spread(places, 0.1, 0.0, 1.0)
    ordered = sorted(found)
    assert all(b - a >= 0.1 - 1e-9 for a, b in itertools.pairwise(ordered))
    assert ordered[0] >= -1e-9 and ordered[-1] <= 1 + 1e-9
    for (a, x), (b, y) in itertools.combinations(zip(places, found, strict=True), 2):
        assert a == b or (a < b) == (x < y)
    apart = all(abs(a - b) >= 0.1 for a, b in itertools.combinations(places, 2))
    if apart and all(0 <= place <= 1 for place in places):
        np.testing.assert_allclose(found, places, atol=1e-9)


# What the eye sees that lacks a kind of cone: Machado, Oliveira & Fernandes 2009, severity 1.
_SIGHT = {
    "all": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                 [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def _linear(color):
    value = np.array(matplotlib.colors.to_rgb(color))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _lab(rgb):
    """CIE L*a*b* of linear sRGB; a distance of 2 is just seen."""
    to_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
    x, y, z = np.cbrt(np.clip(to_xyz @ rgb / [0.95047, 1, 1.08883], 0, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", _SIGHT)
def test_any_two_colours_are_told_apart_by_every_kind_of_colour_sight(sight):
    seen = [_lab(np.clip(_SIGHT[sight] @ _linear(color), 0, 1)) for color in SERIES]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > 12


def test_every_colour_stands_out_from_the_paper():
    for color in SERIES:
        light = _linear(color) @ [0.2126, 0.7152, 0.0722]
        assert 1.05 / (light + 0.05) >= 3  # WCAG 2.1, 1.4.11, for graphics
