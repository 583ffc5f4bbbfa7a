"""`dlkit export`, as typed."""

import pytest

import dlkit
from dlkit.cli import main
from dlkit.train import extras

resource = pytest.importorskip("resource")  # Windows has none
pytestmark = pytest.mark.usefixtures("local_tiny")


@pytest.fixture
def trained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    quick = ["--epochs", "1", "--limit-batches", "5", "--run", "r"]
    assert main(["train", "local/tiny", *quick]) == 0
    capsys.readouterr()
    return tmp_path


def test_formats_go_into_the_run_with_a_card(trained, capsys):
    assert main(["export", "r", "--format", "keras", "saved-model", "--format", "litert"]) == 0
    out = capsys.readouterr().out
    folder = trained / "r" / "export"
    assert {path.name for path in folder.iterdir()} == {
        "model.keras", "saved-model", "model.tflite", "model_card.md",
    }  # fmt: skip
    assert out.count("on 16 real images") == 3 and "model card: r/export/model_card.md" in out
    assert dlkit.load_model(folder / "model.keras").name == "tiny"
    assert main(["export", "r", "--format", "saved-model"]) == 0  # again, in its place


def test_one_format_goes_where_one_says(trained, capsys):
    assert main(["export", "r", "--out", "net.keras"]) == 0
    assert (trained / "net.keras").exists() and not (trained / "r" / "export").exists()
    assert main(["export", "r", "--format", "keras", "litert", "--out", "both"]) == 0
    assert (trained / "both" / "model.tflite").exists()
    assert (trained / "both" / "model_card.md").exists()


def test_the_name_says_the_format(trained, capsys):
    assert main(["export", "r", "--out", "net.tflite"]) == 0
    assert capsys.readouterr().out.startswith("litert: net.tflite")
    for words in (
        ["--out", "net.h5"],
        ["--out", "net.onnx", "--format", "keras"],
        ["--out", "net.v2", "--format", "litert"],
        ["--out", "net.keras", "--format", "saved-model"],
        ["--out", "net.keras", "--format", "keras", "litert"],
    ):
        assert main(["export", "r", *words]) == 2
        assert f"--out {words[1]}: " in capsys.readouterr().err
    assert {path.name for path in trained.iterdir()} == {"r", "net.tflite"}


def test_a_full_disk_is_told_as_one(trained, capsys):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limit[1]))
    try:
        code = main(["export", "r", "--format", "keras", "saved-model"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    error = capsys.readouterr().err
    assert code == 1 and "--format" not in error and error.count("Free some space") == 2
    for file in ("model.keras", "saved-model"):
        assert f"r/export/{file}: File too large" in error
    assert not list((trained / "r" / "export").iterdir())


def test_mistakes(trained, capsys, monkeypatch):
    assert main(["export", "r", "--format", "onyx"]) == 2
    assert main(["export", "."]) == 1
    assert "is no run folder" in capsys.readouterr().err
    (trained / "taken").mkdir()
    assert main(["export", "r", "--out", "taken"]) == 1
    assert "is a folder" in capsys.readouterr().err
    monkeypatch.setattr(extras.discovery, "find_module", lambda name: None)
    assert main(["export", "r", "--format", "onnx"]) == 1
    assert "dlkit-core[onnx]" in capsys.readouterr().err
