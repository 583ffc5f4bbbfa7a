"""`dlkit eval NAME@TAG --data FOLDER` and `predict NAME@TAG FILE`; of runs, see `tests/train`."""

import json

import numpy as np
import pytest

from dlkit.cli import main
from tests.weights import trial


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture
def install(make_plugin, tmp_path):
    return lambda **changed: trial.install(make_plugin, tmp_path, **changed)


def test_the_figures_beside_the_published(install, tmp_path, capsys):
    install(preprocessing=trial.PREPROCESSING.replace("}", ", stated = false }"))
    top1, top5 = trial.photographs(tmp_path / "photos")
    words = ["eval", trial.NAME, "--data", str(tmp_path / "photos")]
    capsys.readouterr()
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "trial-nets/squeeze@drawn on 24 images of val\n"
        f"  top-1  {100 * top1:6.2f} %  (published: 50.00 %)\n"
        f"  top-5  {100 * top5:6.2f} %  (published: 75.00 %)\n"
        "  images: shorter side to 72 pixels (bilinear, antialiased), 64×64 of the middle\n"
        "  the publisher does not say how images were resized, so a little may differ\n"
    )
    assert "of 30 classes are there: not to be compared with the published figures" in out
    assert main([*words, "--batch-size", "5", "--split", "val", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["metrics"] == {"accuracy": top1, "top5_accuracy": top5}
    assert (told["name"], told["split"], told["size"]) == (trial.NAME, "val", 24)
    assert told["published"] == {"accuracy": 0.5, "top5_accuracy": 0.75}
    assert told["preprocessing"]["resize"] == 72
    (file,) = (tmp_path / "photos" / "val").glob("*/0.jpg")
    assert main(["predict", trial.NAME, str(file)]) == 0
    assert f"{file}  thing {int(file.parent.name[1:])} 0." in capsys.readouterr().out


def refused(words, message, capsys):
    code = main(["eval", *words])
    out, err = capsys.readouterr()
    assert message in err and out == ""
    return code


def test_what_is_wrong_is_said(install, tmp_path, capsys):
    install(url=(tmp_path / "not-there.pth").as_uri())
    folder = ["--data", str(tmp_path / "photos")]
    name = "trial-nets/squeeze"
    assert (
        refused([f"{name}@drwn", *folder], "has no weights 'drwn'. Did you mean 'drawn'?", capsys)
        == 1
    )
    assert (
        refused([name, *folder], "which weights of trial-nets/squeeze? It has drawn.", capsys) == 2
    )
    assert refused(["lenet5", *folder], "It has no published weights.", capsys) == 1
    assert refused([trial.NAME], "is judged on images of yours.", capsys) == 2
    assert refused([trial.NAME, *folder], "photos does not exist.", capsys) == 1
    assert refused([trial.NAME, *folder, "--batch-size", "0"], "it is 1 or more", capsys) == 2
    (tmp_path / "photos" / "n00000099").mkdir(parents=True)
    assert refused([trial.NAME, *folder], "'n00000099' is no class of", capsys) == 1


def test_without_a_network_it_says_where_to_put_the_file(install, tmp_path, capsys):
    install(url=(tmp_path / "not-there.pth").as_uri())
    (tmp_path / "photos" / "thing 3").mkdir(parents=True)
    trial.photograph(np.random.default_rng(0)).save(tmp_path / "photos" / "thing 3" / "1.jpg")
    place = tmp_path / "home" / "weights" / "trial-nets-squeeze-drawn.pth"
    message = f"To put it there by hand: save that file as {place}"
    assert refused([trial.NAME, "--data", str(tmp_path / "photos")], message, capsys) == 1


def test_predicting_asks_for_a_tag_too(install, tmp_path, capsys):
    install(url=(tmp_path / "not-there.pth").as_uri())
    assert main(["predict", "trial-nets/squeeze", "x.jpg"]) == 2
    told = capsys.readouterr().err
    assert "which weights of trial-nets/squeeze? It has drawn." in told
    assert "dlkit predict trial-nets/squeeze@drawn FILE…" in told


def test_a_run_has_its_own_data(tmp_path, capsys):
    words = [str(tmp_path), "--data", str(tmp_path)]
    assert refused(words, "--data is for published weights, and a run has its own.", capsys) == 2
    assert refused([str(tmp_path), "--batch-size", "3"], "--batch-size is for", capsys) == 2
