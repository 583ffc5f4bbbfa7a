import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from dlkit import plots


def random_answers(classes, n, seed=0):
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, n)
    probabilities = random.random((n, classes))
    probabilities[np.arange(n), truth] += random.random(n) * 2
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_precision_and_recall_agree_with_scikit_learn():
    truth, probabilities = random_answers(5, 300)
    said = probabilities.argmax(axis=1)
    precision, recall, _, n = precision_recall_fscore_support(truth, said, labels=range(5))
    head, *rows = plots.per_class(plots.count(truth, said, 5), list("abcde"))
    assert head == ["class", "precision", "recall", "examples"]
    assert rows == [
        [name, f"{100 * p:.1f}%", f"{100 * r:.1f}%", str(count)]
        for name, p, r, count in zip("abcde", precision, recall, n, strict=True)
    ]


def test_a_class_never_seen_nor_said_has_neither_number():
    rows = plots.per_class(np.array([[2, 0], [0, 0]]), ["a", "b"])
    assert rows[2] == ["b", "–", "–", "0"]


def test_of_many_classes_the_hardest_are_listed():
    matrix = np.diag(np.full(50, 10))
    matrix[7] = 0
    matrix[7, 8] = 10
    rows = plots.per_class(matrix, [f"c{k}" for k in range(50)])
    assert len(rows) == 16
    assert rows[1] == ["c7", "–", "0.0%", "10"]


def test_the_sections_of_a_classifier():
    truth, probabilities = random_answers(4, 60)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != truth)
    pictures = np.zeros((len(wrong), 8, 8, 3), np.uint8)
    made = plots.sections(truth, probabilities, list("abcd"), pictures, wrong)
    assert [section.id for section in made] == ["confusion", "mistakes", "classes"]
    assert f"{60 - len(wrong)} of 60 answers were right" in made[0].text
    assert len(made[1].figure) == min(24, len(wrong))
    assert len(made[2].table) == 5


def test_the_surest_mistakes_are_those_shown():
    truth, probabilities = random_answers(3, 400)
    said = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(said != truth)
    assert len(wrong) > 24
    pictures = np.zeros((len(wrong), 4, 4), np.uint8)
    section = plots.sections(truth, probabilities, list("abc"), pictures, wrong)[1]
    surest = wrong[np.argsort(-probabilities[wrong, said[wrong]])][0]
    name = "abc"[truth[surest]], "abc"[said[surest]]
    assert section.figure[0].get_label().startswith(f"{name[0]} taken for {name[1]}, ")
    assert section.text.startswith(f"24 of {len(wrong)} wrong answers")


def test_no_mistakes_at_all():
    truth = np.array([0, 1, 1])
    made = plots.sections(truth, np.eye(2)[truth], ["a", "b"], np.zeros((0, 4, 4)), [])
    assert "Nothing was confused" in made[0].text
    assert made[0].table is None
    assert made[1].text == "Not one answer was wrong."
    assert made[1].figure is None


def test_many_classes_get_a_map_and_the_most_confused_close_up():
    truth, probabilities = random_answers(120, 2000)
    confusion = plots.sections(truth, probabilities, [f"c{k}" for k in range(120)])[0]
    assert len(confusion.figure) == 2
    assert len(confusion.table) == 9


def test_arrays_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 2\), not \(3, 4\)"):
        plots.sections(np.zeros(3, int), np.zeros((3, 2)), list("abcd"))
    with pytest.raises(ValueError, match="labels run to 5 with 2 classes"):
        plots.sections(np.array([5]), np.zeros((1, 2)), list("ab"))


def test_a_run_in_one_picture(tmp_path):
    truth, probabilities = random_answers(10, 200)
    said = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(said != truth)
    drawn = plots.run_summary(
        {"loss": [1.0, 0.5], "accuracy": [0.5, 0.8]},
        plots.count(truth, said, 10),
        [str(k) for k in range(10)],
        (np.zeros((len(wrong), 8, 8, 1)), truth[wrong], said[wrong], np.ones(len(wrong))),
        title="lenet5 on digits",
        note="98.9%",
        best_epoch=2,
    )
    from PIL import Image

    with Image.open(plots.save(drawn, tmp_path / "summary.png")) as picture:
        assert picture.size == (1600, 700)
