import math
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from dlkit import plots
from dlkit.plots import style

HISTORY = {
    "epoch": [1, 2, 3],
    "accuracy": [0.2, 0.6, 0.9],
    "loss": [2.0, 1.0, 0.5],
    "val_accuracy": [0.3, 0.7, 0.6],
    "val_loss": [1.8, 1.1, 1.2],
    "learning_rate": [0.1, 0.1, 0.01],
}


def lines(axes, color):
    return [line for line in axes.lines if line.get_color() == color and len(line.get_xdata()) > 1]


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_a_panel_for_each_metric_loss_first_with_the_very_values():
    drawn = plots.curves(HISTORY)
    assert isinstance(drawn, Figure)
    assert len(drawn.axes) == 2
    np.testing.assert_array_equal(lines(drawn.axes[0], style.MUTED)[0].get_ydata(), [2, 1, 0.5])
    val = lines(drawn.axes[0], style.ACCENT)[0]
    np.testing.assert_array_equal(val.get_ydata(), [1.8, 1.1, 1.2])
    np.testing.assert_array_equal(lines(drawn.axes[1], style.ACCENT)[0].get_xdata(), [1, 2, 3])
    assert {"Loss", "Accuracy", "train", "val"} <= set(texts(drawn))


def test_the_best_epoch_is_marked_on_the_validation_curve():
    axes = plots.curves(HISTORY, best_epoch=2).axes[1]
    (dot,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (2, 0.7)
    assert "70.0% at epoch 2" in texts(axes.figure)


def test_a_keras_history_without_validation_or_epoch_column():
    drawn = plots.curves({"loss": [3.0, 2.0]})
    assert len(drawn.axes) == 1
    assert "val" not in texts(drawn)
    np.testing.assert_array_equal(lines(drawn.axes[0], style.MUTED)[0].get_xdata(), [1, 2])


def test_one_epoch_is_a_dot():
    axes = plots.curves({"loss": [3.0]}).axes[0]
    assert [line.get_marker() for line in axes.lines] == ["o"]


def test_nan_leaves_a_gap_and_is_said():
    drawn = plots.curves({"loss": [1.0, 0.5, math.nan, math.inf], "val_loss": [1.0, 1, 1, 1]})
    assert "not finite from epoch 3" in texts(drawn)
    np.testing.assert_array_equal(lines(drawn.axes[0], style.MUTED)[0].get_ydata(), [1.0, 0.5])


def test_nothing_finite_still_draws(tmp_path):
    drawn = plots.curves({"loss": [math.nan, math.nan]})
    assert plots.save(drawn, tmp_path / "curves.png").stat().st_size > 1000
    assert plots.learning_rate([math.nan]).get_label().endswith("not finite.")


def test_a_skipped_validation_is_no_alarm():
    drawn = plots.curves({"loss": [3.0, 2.0, 1.0], "val_loss": [math.nan, 2.0, math.nan]})
    assert not any("not finite" in text for text in texts(drawn))


def test_losses_over_orders_of_magnitude_are_drawn_logarithmically():
    assert plots.curves({"loss": [100.0, 1.0, 0.1]}).axes[0].get_yscale() == "log"
    assert plots.curves({"loss": [2.0, 1.0]}).axes[0].get_yscale() == "linear"


def test_no_metric_is_an_error_that_names_the_columns():
    with pytest.raises(ValueError, match=r"\['epoch', 'seconds'\]"):
        plots.curves({"epoch": [1], "seconds": [2.0]})


def test_the_learning_rate_starts_from_zero():
    drawn = plots.learning_rate([0.1, 0.01])
    assert drawn.axes[0].get_ylim()[0] == 0
    assert drawn.get_label() == "Learning rate by epoch: 0.1 to 0.01."


def test_thousands_are_written_out():
    drawn = plots.series("Examples a second", [304.0, 1875.2])
    assert drawn.get_label() == "Examples a second by epoch: 304 to 1,875."
    assert "1,875" in texts(drawn)


def test_the_text_alternative_tells_what_the_curves_show():
    label = plots.curves(HISTORY, best_epoch=2).get_label()
    assert label == (
        "Curves over 3 epochs: validation loss from 1.8 to 1.2, "
        "validation accuracy from 30.0% to 60.0%; best epoch 2."
    )


def test_drawing_changes_no_global_state(tmp_path):
    before = dict(matplotlib.rcParams)
    plots.save(plots.curves(HISTORY, best_epoch=2), tmp_path / "a.png")
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not matplotlib.pyplot.get_fignums()


@pytest.mark.parametrize(
    ("top", "shown"), [(0.00396, "0.004"), (1.23e-5, "1e-5"), (0.1, "0.1"), (6291.0, "6,291")]
)
def test_a_small_panel_has_room_for_its_numbers(top, shown):
    (axes,) = plots.learning_rate([top, top / 2]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", shown]
