"""Published weights on a folder of photographs: the figures are those that one counts by hand."""

import re

import numpy as np
import pytest

import dlkit
from dlkit.data import DataError
from dlkit.tasks import published
from tests.weights import trial

NAME = trial.NAME


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "home"))


@pytest.fixture
def judged(home, make_plugin, tmp_path):
    trial.install(make_plugin, tmp_path)
    top1, top5 = trial.photographs(tmp_path / "photos")
    return tmp_path / "photos", top1, top5


@pytest.fixture(autouse=True)
def _folder_first(tmp_path):
    (tmp_path / "photos").mkdir()


def test_the_figures_are_those_counted_by_hand(judged):
    data, top1, top5 = judged
    found = published.judge(NAME, data, batch_size=7)
    assert found.metrics == {"accuracy": top1, "top5_accuracy": top5}
    assert 0 < top1 < top5 < 1
    assert (found.name, found.split, found.size) == (NAME, "val", trial.IMAGES)
    assert found.published == {"accuracy": 0.5, "top5_accuracy": 0.75}
    assert found.classes < found.of == trial.CLASSES
    assert str(found.preprocessing) == (
        "shorter side to 72 pixels (bilinear, antialiased), 64×64 of the middle"
    )


def test_a_broken_file_is_named(judged):
    data, _, _ = judged
    path = next((data / "val").glob("*/20.jpg"))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=re.escape(f"{path} is broken")):
        published.judge(NAME, data, batch_size=4)


def test_the_folder_is_looked_at_before_anything_is_fetched(home, make_plugin, tmp_path):
    trial.install(make_plugin, tmp_path, url=(tmp_path / "not-there.pth").as_uri())
    (tmp_path / "photos" / "cat").mkdir()
    with pytest.raises(DataError, match="'cat' is no class of trial-nets/squeeze@drawn"):
        published.judge(NAME, tmp_path / "photos")
    (tmp_path / "photos" / "cat").rmdir()
    (tmp_path / "photos" / "n00000001").mkdir()
    trial.photograph(np.random.default_rng(0)).save(tmp_path / "photos" / "n00000001" / "1.jpg")
    with pytest.raises(DataError, match="has no split 'test'"):
        published.judge(NAME, tmp_path / "photos", "test")


def test_a_row_without_classes(home, make_plugin, tmp_path):
    trial.install(make_plugin, tmp_path, class_names="[]")
    with pytest.raises(dlkit.DlkitError, match="does not say which classes it tells apart"):
        published.judge(NAME, tmp_path / "photos")


def test_other_classes_than_the_network_has(home, make_plugin, tmp_path):
    trial.install(make_plugin, tmp_path, class_names='["a", "b"]')
    (tmp_path / "photos" / "a").mkdir()
    trial.photograph(np.random.default_rng(0)).save(tmp_path / "photos" / "a" / "1.jpg")
    with pytest.raises(dlkit.DlkitError, match=r"names 2 classes"):
        published.judge(NAME, tmp_path / "photos")


def test_places_count_equal_scores_by_their_number():
    scores = np.array([[0.1, 0.4, 0.4, 0.1], [0.25, 0.25, 0.25, 0.25]])
    assert published._places(scores, np.array([2, 0])).tolist() == [1, 0]
    assert published._places(scores, np.array([3, 3])).tolist() == [3, 3]


def test_what_it_says_of_a_file(judged):
    data, _, _ = judged
    (file,) = (data / "val").glob("*/0.jpg")  # in the folder of its likeliest class
    ((row),) = published.predict(NAME, [file], top=4)
    assert row["file"] == str(file) and row["label"] == f"thing {int(file.parent.name[1:])}"
    chances = [guess["probability"] for guess in row["top"]]
    assert len(chances) == 4 and chances == sorted(chances, reverse=True)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        published.predict(NAME, [data / "x.jpg"])
