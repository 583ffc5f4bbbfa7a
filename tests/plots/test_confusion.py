import matplotlib
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from dlkit import plots
from dlkit.plots import style

MATRIX = np.array([[8, 2, 0], [1, 9, 0], [0, 5, 5]])
NAMES = ["cat", "dog", "$5 to $10"]


def cells(figure):
    found = {}
    for patch in figure.axes[0].patches:
        if isinstance(patch, Rectangle):
            column, row = (int(number) for number in patch.get_xy())
            found[row, column] = patch
    return found


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_count_agrees_with_a_loop():
    random = np.random.default_rng(0)
    truth, said = random.integers(0, 4, 200), random.integers(0, 4, 200)
    expected = np.zeros((4, 4), int)
    for true, answer in zip(truth, said, strict=True):
        expected[true, answer] += 1
    np.testing.assert_array_equal(plots.count(truth, said, 4), expected)


def test_count_agrees_with_scikit_learn():
    from sklearn.metrics import confusion_matrix

    random = np.random.default_rng(1)
    truth, said = random.integers(0, 6, 99), random.integers(0, 6, 99)
    np.testing.assert_array_equal(
        plots.count(truth, said, 6), confusion_matrix(truth, said, labels=range(6))
    )


def test_cells_are_where_the_counts_are_and_tinted_by_the_share_of_their_row():
    drawn = plots.confusion_matrix(MATRIX, NAMES)
    found = cells(drawn)
    assert set(found) == {(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2)}
    accent, warm = (matplotlib.colors.to_rgb(color) for color in (style.ACCENT, style.WARM))
    assert found[0, 0].get_facecolor()[:3] == accent
    assert found[0, 1].get_facecolor()[:3] == warm
    assert found[1, 1].get_alpha() > found[0, 0].get_alpha() > found[2, 2].get_alpha()
    assert found[2, 1].get_alpha() > found[0, 1].get_alpha() > found[1, 0].get_alpha()
    assert {"8", "2", "9", *NAMES} <= set(texts(drawn))


def test_one_mistake_in_fifty_is_seen():
    matrix = np.array([[49, 1], [0, 50]])
    assert cells(plots.confusion_matrix(matrix, ["a", "b"]))[0, 1].get_alpha() > 0.2


def test_names_are_never_taken_for_formulas():
    drawn = plots.confusion_matrix(MATRIX, ["$a^", "x_1", "$5 to $10"])
    named = [text for text in drawn.findobj(matplotlib.text.Text) if "$" in text.get_text()]
    assert named
    assert not any(text.get_parse_math() for text in named)


def test_a_class_without_examples():
    found = cells(plots.confusion_matrix(np.array([[3, 0], [0, 0]]), ["a", "b"]))
    assert set(found) == {(0, 0)}


def test_many_classes_become_a_map_of_bounded_size():
    random = np.random.default_rng(0)
    for classes in (41, 200, 1000):
        matrix = np.diag(random.integers(1, 9, classes))
        matrix[3, 7] = 2
        drawn = plots.confusion_matrix(matrix, [f"class {k}" for k in range(classes)])
        (image,) = drawn.axes[0].images
        pixels = np.asarray(image.get_array())
        assert max(pixels.shape[:2]) <= 300
        block = -(-classes // 300)
        assert pixels[3 // block, 7 // block, 3] > 0.3
        assert tuple(drawn.get_size_inches() * 72) == (620, 610)


def test_a_lone_mistake_survives_the_reduction():
    matrix = np.zeros((900, 900), int)
    matrix[500, 100] = 1
    (image,) = plots.confusion_matrix(matrix, [str(k) for k in range(900)]).axes[0].images
    assert np.argwhere(np.asarray(image.get_array())[..., 3] > 0).tolist() == [[166, 33]]


def test_only_some_classes_keep_the_shares_of_the_whole_row():
    drawn = plots.confusion_matrix(MATRIX, NAMES, only=[2])
    whole = cells(plots.confusion_matrix(MATRIX, NAMES))[2, 2].get_alpha()
    assert cells(drawn)[0, 0].get_alpha() == whole


def test_the_commonest_confusions_first():
    assert plots.confusions(MATRIX) == [(2, 1, 5), (0, 1, 2), (1, 0, 1)]
    assert plots.confusions(np.diag([3, 3])) == []
    assert plots.most_confused(MATRIX, 2) == [1, 2]


def test_confusions_in_words():
    assert plots.confusions_in_words(MATRIX, NAMES, 2) == [
        "$5 to $10 was taken for dog 5 times (50.0% of its 10)",
        "cat was taken for dog twice (20.0% of its 10)",
    ]


def test_wrong_shapes_are_refused_with_their_numbers():
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        plots.confusion_matrix(np.zeros((2, 3)), ["a", "b"])
    with pytest.raises(ValueError, match="3 classes but 2 class names"):
        plots.confusion_matrix(MATRIX, ["a", "b"])
