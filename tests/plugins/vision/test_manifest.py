"""What the manifest says is what the builders build."""

import inspect

import numpy as np
import pytest

import dlkit
from dlkit import registry

QUICK = ("lenet5", "lenet5-relu", "plain20", "resnet20", "squeezenet1-1")
ALL = dlkit.list_models(plugin="dlkit-vision")
MODELS = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in ALL]
RECIPES = [spec.name for spec in registry.list_specs("recipe", plugin="dlkit-vision")]


def test_the_plugin_is_healthy_and_lists_its_models():
    (plugin,) = [p for p in dlkit.plugins() if p.distribution == "dlkit-vision"]
    assert (plugin.state, plugin.problem, plugin.notes) == ("ok", "", ())
    assert set(ALL) == {spec.name for spec in plugin.specs if spec.kind == "model"}


@pytest.mark.parametrize("name", MODELS)
def test_the_declared_facts_are_the_built_models(name):
    spec = dlkit.model_info(name)
    model = dlkit.create_model(name)
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert (trainable, model.count_params()) == (spec.params, spec.variables)
    assert model.input.shape == (None, *spec.input_shape)
    assert model.output.shape == (None, spec.num_classes)
    assert model.name == name
    assert spec.paper.link


@pytest.mark.parametrize("name", MODELS)
def test_the_levels_are_where_the_manifest_says(name):
    spec, model = dlkit.model_info(name), dlkit.create_model(name)
    side = spec.input_shape[0]
    for key, level in spec.levels.items():
        assert key == f"C{int(np.log2(level.stride))}"
        _, height, _, channels = model.get_layer(level.layer).output.shape
        assert channels == level.channels
        if name.startswith("lenet5"):  # unpadded: C1 of 32 pixels are 14, C2 are 5
            assert height == {"C1": 14, "C2": 5}[key]
        elif name.startswith(("resnet", "plain", "vgg", "densenet", "mobilenet", "darknet")):
            assert height == side // level.stride


@pytest.mark.parametrize("name", ALL)
def test_builders_have_explicit_signatures_and_the_common_options(name):
    module, _, function = dlkit.model_info(name).build.partition(":")
    build = getattr(__import__(module, fromlist=[function]), function)
    parameters = inspect.signature(build).parameters
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters.values())
    common = {"num_classes", "input_shape", "include_preprocessing", "classifier_activation"}
    assert common <= set(parameters)
    assert inspect.getdoc(build)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_one_that_the_harness_takes(name):
    from dlkit.train.recipe import Recipe

    (spec,) = [s for s in registry.list_specs("recipe") if s.name == name]
    recipe = Recipe.load(spec.model, spec.dataset)
    assert spec.name == f"{spec.model}-{spec.dataset}"
    for path, value in spec.settings.items():
        found = recipe
        for part in path.split("."):
            found = getattr(found, part)
        assert found == value
