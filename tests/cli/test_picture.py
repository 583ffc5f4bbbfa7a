"""Pictures that commands write: in the hand of `plots.save`, whichever command draws them."""

import pytest

from dlkit import plots
from dlkit.cli import main, picture

CURVE = {"epoch": [1, 2], "loss": [0.5, 0.4], "val_loss": [0.6, 0.5]}


def test_words_stay_words_and_the_same_figure_gives_the_same_ids(tmp_path):
    for name in ("a.svg", "b.svg"):
        assert picture.write(plots.curves(CURVE), tmp_path / name) == tmp_path / name
    one, two = (
        (tmp_path / name).read_text().split("</metadata>")[1] for name in ("a.svg", "b.svg")
    )
    assert "<text" in one and one == two
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.svg"]


def test_what_stood_there_stays_where_drawing_fails(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"old")
    monkeypatch.setattr(plots, "save", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        picture.write(plots.curves(CURVE), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_compare_draws_alike(write_run, tmp_path, monkeypatch, capsys):
    drawn = []
    monkeypatch.setattr(picture, "write", lambda _, path: drawn.append(path) or path)
    words = [str(write_run(name)) for name in "ab"]
    assert main(["compare", *words, "--out", str(tmp_path / "x.svg")]) == 0
    assert drawn == [tmp_path / "x.svg"] and capsys.readouterr().out.endswith("x.svg\n")
