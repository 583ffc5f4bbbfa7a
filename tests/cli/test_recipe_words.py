"""The words that say a recipe."""

import argparse
import shlex

import pytest

from dlkit.cli import recipe_words

pytestmark = pytest.mark.usefixtures("local_tiny")


@pytest.fixture
def parse():
    def parse(*words):
        parser = argparse.ArgumentParser()
        recipe_words.configure(parser, training=True)
        return parser.parse_args(words)

    return parse


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "dataset=image-folder"],
        ["--dataset", "image-folder", "--set", "dataset=image-folder"],
        ["--dataset", "digits", "--set", "dataset=image-folder"],  # as --set does with other flags
    ],
)
def test_the_dataset_may_be_set_like_any_field(parse, words):
    assert recipe_words.recipe(parse("local/tiny", *words)).dataset == "image-folder"


def test_what_looks_like_a_number_is_one(parse):
    given = ["--set", "model_options.rate=1e-3", "--set", "model_options.name='1e-3'"]
    found = recipe_words.recipe(parse("local/tiny", *given)).model_options
    assert found == {"rate": 1e-3, "name": "1e-3"}


@pytest.mark.parametrize(
    "words",
    [
        ["local/tiny", "--dataset", "digits"],
        ["local/tiny", "--epochs", "3", "--set", "optimizer.name=sgd", "--seed", "0"],
        ["local/tiny", "--set", "model_options={units: 4}", "--data", "my pictures"],
        ["-c", "my recipe.yaml", "--batch-size", "16"],
    ],
)
def test_the_same_words_again_say_the_same_recipe(parse, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my recipe.yaml").write_text("model: local/tiny\nepochs: 7\n")
    made = recipe_words.recipe(parse(*words))
    line = recipe_words.again(parse(*words), made)
    assert recipe_words.recipe(parse(*shlex.split(line))) == made
    assert "--dataset digits" in line
