import matplotlib
import numpy as np
import pytest

from dlkit import plots
from dlkit.plots import images

RANDOM = np.random.default_rng(0)
DIGITS = RANDOM.integers(0, 256, (3, 8, 8, 1), dtype=np.uint8)


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def test_a_grid_holds_the_very_pixels_and_enlarges_them_without_blur():
    drawn = plots.grid(DIGITS, [("a", "b")] * 3, columns=2)
    assert len(drawn.axes) == 3
    shown = drawn.axes[0].images[0]
    np.testing.assert_array_equal(shown.get_array()[..., 0], DIGITS[0, ..., 0])
    assert shown.get_interpolation() == "none"


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_every_kind_of_image_becomes_three_channels(channels):
    shape = (6, 5) if channels is None else (6, 5, channels)
    image = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    made = images.thumbnail(image)
    assert made.shape == (6, 5, 3)
    assert made.dtype == np.uint8
    expected = image if channels is None else image[..., 0]
    np.testing.assert_array_equal(made[..., 0], expected)


def test_float_images_are_clipped_and_nan_is_black():
    made = images.thumbnail(np.array([[-3.0, 300.0, np.nan, 127.6]]))
    assert made[0, :, 0].tolist() == [0, 255, 0, 128]


def test_large_images_are_reduced_and_keep_their_shape_and_brightness():
    image = np.full((1000, 500, 3), 200, np.uint8)
    made = images.thumbnail(image)
    assert made.shape == (144, 72, 3)
    assert made.min() == made.max() == 200


def test_what_is_no_image_is_refused():
    for shape in ((4, 4, 2), (4,), (0, 4, 3)):
        with pytest.raises(ValueError, match="an image has the shape"):
            images.thumbnail(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="3 images but 1 captions"):
        plots.grid(DIGITS, [("a", "b")])


def test_mistakes_are_ordered_by_how_sure_they_were():
    sure = np.array([0.5, 0.9, 0.7])
    drawn = plots.mistakes(DIGITS, [0, 1, 2], [1, 2, 0], sure, ["cat", "dog", "owl"])
    assert texts(drawn) == [
        "dog → owl", "90% sure", "owl → cat", "70% sure", "cat → dog", "50% sure",
    ]  # fmt: skip
    assert drawn.get_label().startswith("Surest mistakes: dog taken for owl, 90%;")


def test_whole_rows_of_probabilities_serve_as_well():
    rows = np.array([[0.2, 0.8], [0.6, 0.4]])
    drawn = plots.mistakes(DIGITS[:2], [0, 1], [1, 0], rows, ["a", "b"])
    assert texts(drawn) == ["a → b", "80% sure", "b → a", "60% sure"]


def test_long_names_stand_one_above_the_other():
    names = ["a very long class name indeed", "another name, longer yet"]
    drawn = plots.mistakes(DIGITS[:1], [0], [1], [0.5], names)
    assert texts(drawn) == ["a very long cla…", "→ another n… 50%"]


def test_no_mistakes_is_no_error():
    drawn = plots.mistakes([], [], [], [], ["a"])
    assert drawn.get_label() == "No mistakes."
    assert plots.mistake_tiles([], [], [], [], ["a"]) == []


def test_tiles_are_one_figure_an_image_with_its_own_alternative():
    names, sure = ["cat", "dog", "owl"], [0.5, 0.9, 0.7]
    tiles = plots.mistake_tiles(DIGITS, [0, 1, 2], [1, 2, 0], sure, names)
    assert [tile.get_label() for tile in tiles] == [
        "dog taken for owl, 90%", "owl taken for cat, 70%", "cat taken for dog, 50%",
    ]  # fmt: skip
