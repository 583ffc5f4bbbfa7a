"""Recipes: where their values come from, and what is refused."""

import dataclasses

import pytest

import dlkit
from dlkit.registry import errors


def test_defaults_and_nested_settings():
    recipe = dlkit.Recipe.load("local/tiny", **{"optimizer.learning_rate": "3e-4", "epochs": 7})
    assert (recipe.model, recipe.dataset) == ("local/tiny", "digits")
    assert recipe.optimizer.learning_rate == 3e-4  # YAML 1.1 reads 3e-4 as a string
    assert recipe.optimizer.name == "adam"
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 3


def test_yaml_goes_round(tmp_path, recipe):
    changed = recipe.replace(
        **{"optimizer": {"name": "sgd"}, "model_options.units": 4, "data_options": {"a": 1}}
    )
    path = tmp_path / "r.yaml"
    path.write_text(changed.to_yaml())
    assert dlkit.Recipe.load(path) == changed
    assert dlkit.Recipe.load(path, epochs=9).epochs == 9


def test_a_plugins_recipe_is_used_for_its_model_and_dataset(make_plugin):
    make_plugin(
        "acme-nets",
        """
        api = 1
        [[model]]
        name = "net"
        build = "acme_nets:b"
        summary = "s"
        task = "image-classification"
        params = 1
        variables = 1
        license = "MIT"
        [[recipe]]
        name = "net-mnist"
        model = "net"
        dataset = "mnist"
        summary = "s"
        settings = { epochs = 3, "optimizer.name" = "sgd" }
        """,
    )
    assert dlkit.Recipe.load("acme-nets/net").dataset == "mnist"
    assert dlkit.Recipe.load("acme-nets/net").optimizer.name == "sgd"
    assert dlkit.Recipe.load("acme-nets/net", "digits").optimizer.name == "adam"
    assert dlkit.Recipe.load("acme-nets/net", epochs=4).epochs == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epoch": 3}, "no setting 'epoch'. Did you mean 'epochs'"),
        ({"optimizer.lerning_rate": 3}, "Did you mean 'optimizer.learning_rate'"),
        ({"epochs.x": 3}, "no setting 'epochs.x'"),
        ({"epochs": 0}, "epochs: expected a whole number of at least 1, got 0"),
        ({"batch_size": -4}, "batch_size: expected a whole number of at least 1, got -4"),
        ({"seed": 2**32}, "at most 4294967295"),
        ({"optimizer": "sgd", "optimizer.learning_rate": 1}, "optimizer: expected a table"),
        ({"epochs": True}, "epochs: expected a whole number"),
        ({"optimizer.learning_rate": 0}, "a number above 0, got 0"),
        ({"optimizer.learning_rate": "quick"}, "got 'quick'"),
        ({"optimizer.learning_rate": float("nan")}, "got nan"),
        ({"optimizer": "sgd"}, "optimizer: expected a table"),
        ({"optimizer.name": "adm"}, "Did you mean 'adam'"),
        ({"schedule": "cosin"}, "one of cosine, constant, step Did you mean 'cosine'"),
        ({"class_weights": "yes"}, "true or false"),
        ({"data_options": 3}, "a table of options"),
        ({"schedule": "step", "warmup_epochs": 2}, "needs a cosine schedule"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(errors.UsageError) as caught:
        dlkit.Recipe.load("local/tiny", **settings)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is not YAML"),
        ("- 3", "a recipe is a table"),
        ("epochs: 3", "model: missing"),
        ("model: local/tiny\nepohcs: 3", "Did you mean 'epochs'"),
        ("model: !!python/object:os.system x", "is not YAML"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(errors.UsageError) as caught:
        dlkit.Recipe.load(path)
    assert message in str(caught.value) and str(path) in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(errors.UsageError, match="No such file"):
        dlkit.Recipe.load(tmp_path / "none.yaml")
