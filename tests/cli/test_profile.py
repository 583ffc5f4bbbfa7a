"""`dlkit profile`: a row a layer, and the sums."""

import json

import pytest

import dlkit
from dlkit.cli import main


def test_a_table(capsys):
    assert main(["profile", "lenet5"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "lenet5, input 32×32×1"
    assert lines[-1] == (
        "61,706 parameters, 61,706 trainable; 416,520 multiply-adds; 6,518 neurons"
    )
    c3 = next(line for line in lines if line.startswith("c3 ")).split()
    assert c3 == ["c3", "Conv2D", "10×10×16", "2,416", "2,416", "240,000", "1,600", "14", "2"]
    assert err == ""


def test_json_and_another_build(capsys):
    words = ["profile", "lenet5", "--image-size", "16", "--num-classes", "0", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["input_shape"] == [16, 16, 1]
    assert found["layers"][-1]["name"] == "f6"
    assert found["macs"] == sum(row["macs"] for row in found["layers"])


def test_of_published_weights_it_is_the_build_that_they_are_of(capsys):
    assert main(["profile", "mobilenet-v2@torch-imagenet-v1", "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    torch = dlkit.profile(dlkit.create_model("mobilenet-v2", style="torch"))
    assert len(asked["layers"]) == len(torch.rows)
    assert any(row["name"] == "conv1_conv_pad" for row in asked["layers"])


def test_a_model_without_images(local_tiny, capsys):
    @dlkit.register_model("words", task="image-classification")
    def words(*, num_classes=2):
        raise AssertionError("must not be built")

    assert main(["profile", "local/words", "--image-size", "32"]) == 2
    assert "local/words takes no images" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["lenet6"], 1, "Did you mean 'lenet5'?"),
        (["lenet5@imagenet"], 1, "'lenet5' has no weights 'imagenet'."),
        (["resnet50@"], 1, "'resnet50' has no weights ''."),
        (["lenet5", "--image-size", "4"], 1, "too small for this network"),
        (["lenet5", "--image-size", "big"], 2, "invalid int value"),
        ([], 2, "required: NAME"),
    ],
)
def test_what_cannot_be(words, code, message, capsys):
    assert main(["profile", *words]) == code
    assert message in capsys.readouterr().err
