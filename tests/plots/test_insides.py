"""Pictures of what is inside a network: heat, saliency, maps, filters, statistics, lesions."""

import matplotlib
import numpy as np
import pytest

from dlkit import plots
from dlkit.plots import ramps, style

RANDOM = np.random.default_rng(0)
PHOTOS = RANDOM.integers(0, 256, (3, 40, 60, 3), dtype=np.uint8)


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def pictures(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def pixels(axes):
    """Width and height of axes, in pixels at scale 1."""
    box = axes.get_window_extent()
    return round(box.width / 2), round(box.height / 2)


def test_values_become_colors_of_the_palette():
    rising = ramps.colors(np.array([0.0, 2.0]))
    assert rising.tolist() == [[255, 255, 255], [22, 25, 29]]  # paper and ink
    signed = ramps.colors(np.array([-3.0, 0.0, 3.0]))
    assert signed[0].tolist() == [196, 81, 12] and signed[2].tolist() == [29, 95, 209]
    assert np.abs(signed[1].astype(int) - 255).max() <= 1
    assert ramps.colors(np.array([np.nan, 0.0, 9.0]), 1.0)[2].tolist() == [22, 25, 29]
    assert ramps.colors(np.zeros((2, 2))).shape == (2, 2, 3)


def test_heat_is_warm_where_the_map_is_high_and_grey_elsewhere():
    maps = np.zeros((3, 2, 3))
    maps[0, 0, 0] = 5.0
    drawn = plots.heat(PHOTOS, maps, ["a", "b", "c"], columns=2)
    shown = pictures(drawn)
    assert len(shown) == 6 and texts(drawn) == ["a", "b", "c"]
    high, wide = shown[1].shape[:2]
    assert (high, wide) == (200, 300)  # five times forty by sixty, in the picture's proportion
    corner, far = shown[1][2, 2].astype(int), shown[1][-3, -3].astype(int)
    assert corner[0] - corner[2] > 60 and np.ptp(far) == 0
    assert np.ptp(shown[3].astype(int), axis=-1).max() == 0  # a map of zeros
    assert {pixels(axes) for axes in drawn.axes} == {(150, 100)}
    assert drawn.get_label() == "3 images, and what spoke for a class."


def test_images_of_other_proportions_stand_in_one_box():
    drawn = plots.heat([PHOTOS[0], np.zeros((30, 30, 1), np.uint8)], np.ones((2, 3, 3)))
    boxes = {pixels(axes) for axes in drawn.axes}
    assert boxes == {(150, 100), (150, 150)}


def test_saliency_is_dark_where_pixels_count():
    maps = np.full((3, 40, 60), 1e-3)
    maps[0, 10, 20] = 1.0
    maps[0, :5, :5] = 0.5
    shown = pictures(plots.saliency(PHOTOS, maps))
    assert shown[1][52, 102].tolist() == [22, 25, 29]  # nearest neighbour, five times as large
    assert shown[1][150, 250].min() > 200


@pytest.mark.parametrize(
    ("maps", "captions", "message"),
    [
        (np.ones((2, 3, 3)), (), "3 images, 2 maps and 3 captions"),
        (np.ones((3, 3, 3)), ["a"], "3 images, 3 maps and 1 captions"),
        (np.ones((3, 3, 3, 1)), (), "a map has the shape"),
        (-np.ones((3, 3, 3)), (), "no negative values"),
    ],
)
def test_maps_that_do_not_fit(maps, captions, message):
    with pytest.raises(ValueError, match=message):
        plots.heat(PHOTOS, maps, captions)


def test_feature_maps_share_one_scale():
    maps = np.zeros((4, 6, 3))
    maps[..., 0], maps[..., 1] = 1.0, 0.5
    drawn = plots.feature_maps(maps, "c3")
    first, second, third = pictures(drawn)
    assert first[0, 0].tolist() == [22, 25, 29]
    assert np.abs(second[0, 0].astype(int) - [29, 95, 209]).max() <= 2
    assert third[0, 0].tolist() == [255, 255, 255]
    assert texts(drawn) == ["c3", "3 channels, 4×6; 1 silent"]
    assert pixels(drawn.axes[0]) == (64, 43)


def test_of_many_maps_the_strongest_are_drawn_in_their_order():
    maps = np.ones((2, 2, 60)) * np.arange(60)
    drawn = plots.feature_maps(maps, limit=3)
    assert texts(drawn)[1].startswith("3 of 60 channels, 2×2")
    reds = [int(p[0, 0, 0]) for p in pictures(drawn)]
    assert reds == sorted(reds, reverse=True)
    with pytest.raises(ValueError, match="maps of one image have the shape"):
        plots.feature_maps(np.ones((2, 2)))


def test_filters_of_three_channels_are_colors_and_others_signs():
    kernel = np.zeros((3, 3, 3, 2))
    kernel[..., 0, 0], kernel[..., 1] = 2.0, -2.0
    drawn = plots.filters(kernel, "conv1")
    first, second = pictures(drawn)
    assert first[0, 0].tolist() == [255, 128, 128] and second[0, 0].tolist() == [0, 0, 0]
    assert texts(drawn) == ["conv1", "2 filters, 3×3×3"]
    kernel = np.zeros((5, 5, 2, 4))
    kernel[..., 0], kernel[..., 1] = 1.0, -1.0
    drawn = plots.filters(kernel, limit=3)
    assert pictures(drawn)[1][0, 0].tolist() == [196, 81, 12]
    assert texts(drawn)[1] == "3 of 4 filters, 5×5×2, mean over channels"
    with pytest.raises(ValueError, match="a kernel has the shape"):
        plots.filters(np.ones((3, 3)))


def test_activations_row_by_row():
    names = [f"layer{n}" for n in range(4)]
    drawn = plots.activations(names, [1, 2, 0, 40], [0, 0.5, 1, 0], [0, 0.1, 1, 0], "net")
    spread, shares = drawn.axes
    assert [label.get_text() for label in spread.get_yticklabels()] == names
    assert spread.get_ylim() == (3.5, -0.5) and spread.get_xscale() == "log"
    np.testing.assert_array_equal(spread.lines[0].get_xdata(), [1, 2, 40])  # 0 has no logarithm
    assert [bar.get_width() for bar in shares.patches] == [0, 0.5, 1, 0, 0, 0.1, 1, 0]
    assert {"net", "Standard deviation", "Zeros", "dead units"} <= set(texts(drawn))
    assert "none" in texts(plots.activations(["a"], [1.0], [0], [0]))
    with pytest.raises(ValueError, match="columns of equal length"):
        plots.activations(names, [1], [1], [1])


def test_deep_networks_fit_and_names_do_not_collide():
    n = 300
    drawn = plots.activations([f"l{k}" for k in range(n)], np.ones(n), np.ones(n), np.ones(n))
    assert drawn.get_size_inches()[1] * style.PIXELS_PER_INCH < 1000
    assert len(drawn.axes[0].get_yticks()) <= 900 / 14


def test_lesions_show_what_is_left():
    drawn = plots.lesions(["a", "b", "c"], [0.9, 0.2, 0.95], 0.97, "net on data")
    (axes,) = drawn.axes
    np.testing.assert_array_equal(axes.lines[-1].get_xdata(), [0.9, 0.2, 0.95])
    assert {"net on data", "whole 97.0%", "20.0%", "a", "b", "c"} <= set(texts(drawn))
    assert drawn.get_label() == ("net on data: 97.0% whole, median 90.0%, least 20.0% without b.")
    with pytest.raises(ValueError, match="one each"):
        plots.lesions(["a"], [0.1, 0.2], 0.9)


def test_all_can_be_written(tmp_path):
    for drawn in (
        plots.heat(PHOTOS, np.ones((3, 2, 2)), ["<a & b>", "ש", "$5"]),
        plots.filters(np.ones((3, 3, 1, 2))),
        plots.activations(["a"], [0.0], [0], [0]),
        plots.lesions(["a"], [0.05], 0.9),
    ):
        for suffix in ("png", "svg"):
            assert style.save(drawn, tmp_path / f"p.{suffix}").stat().st_size > 500
