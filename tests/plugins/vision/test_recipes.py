"""Every recipe of the plugin: that it can be read, built upon, and said anew."""

import pytest

import dlkit
from dlkit import registry
from dlkit.data import augment
from dlkit.train import published

RECIPES = registry.list_specs("recipe", plugin="dlkit-vision")


@pytest.mark.parametrize("entry", RECIPES, ids=lambda entry: entry.name)
def test_a_recipe_loads_and_names_what_there_is(entry):
    recipe = dlkit.Recipe.load(entry.model, entry.dataset)
    assert entry.name == f"{entry.model}-{entry.dataset}"
    assert (recipe.model, recipe.dataset) == (entry.model, entry.dataset)
    for path, value in entry.settings.items():
        field, _, inner = path.partition(".")
        found = getattr(recipe, field)
        assert (getattr(found, inner) if inner else found) == value
    augment.find(recipe.augment)
    options = registry.build.options(registry.build.target(registry.find("model", entry.model)))
    assert recipe.model_options.keys() <= (options or recipe.model_options).keys()


def test_no_two_recipes_are_for_the_same():
    pairs = [(entry.model, entry.dataset) for entry in RECIPES]
    assert len(set(pairs)) == len(pairs)


def test_a_name_alone_never_asks_for_a_folder():
    """What is trained by default is there, or can be fetched."""
    for name in dlkit.list_models(plugin="dlkit-vision"):
        dataset = dlkit.Recipe.load(name).dataset
        assert "user-data" not in registry.find("dataset", dataset).tags
    assert dlkit.Recipe.load("resnet50").dataset == "digits"
    assert published.recipe(registry.find("model", "resnet50"), "imagenet") is not None


def test_every_architecture_has_its_papers_recipe():
    """Those made for CIFAR have CIFAR's, the others ImageNet's; LeNet's is older than both."""
    have = {entry.model for entry in RECIPES if entry.dataset in ("cifar10", "imagenet")}
    names = set(dlkit.list_models(plugin="dlkit-vision"))
    assert sorted(names - have) == ["lenet5", "lenet5-relu"]
