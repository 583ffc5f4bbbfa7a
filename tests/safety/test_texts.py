"""Recipes from elsewhere: YAML that would run code or never end."""

import pytest
import yaml

import dlkit
from dlkit.registry import errors
from dlkit.train import yaml_text

LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.mkdir",
        "!!python/object/new:os.mkdir",
        "!!python/name:os.mkdir",
        "!!python/module:antigravity",
        "!anything",
    ],
)
def test_cve_2021_37678_tags_of_python(tmp_path, local_tiny, marker, tag):
    path = tmp_path / "recipe.yaml"
    path.write_text(f"model: local/tiny\ndata: {tag} ['{marker}']\n")
    with pytest.raises(errors.UsageError, match=r"recipe\.yaml, line 2: is not YAML \(could not"):
        dlkit.Recipe.from_yaml(path)


@pytest.mark.parametrize("key", ["_target_", "class_name", "module"])
def test_cve_2025_23304_a_recipe_names_no_function(tmp_path, local_tiny, marker, key):
    path = tmp_path / "recipe.yaml"
    path.write_text(f"model: local/tiny\noptimizer:\n  {key}: os.mkdir\n  path: {marker}\n")
    with pytest.raises(errors.UsageError, match=rf"optimizer\.{key}"):
        dlkit.Recipe.from_yaml(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LAUGHS, "its aliases stand for more than 20,000 values"),
        (MERGES, "its aliases stand for more than 20,000 values"),
        ("model: &a [*a]", "an alias stands inside its own anchor"),
        ("model: &a {b: {c: *a}}", "an alias stands inside its own anchor"),
        ("x: " + "y" * 300_000, "it has 300,003 characters; 200,000 are read"),
        ("- !!python/object/apply:os.getcwd []", "could not determine a constructor"),
    ],
    ids=["aliases", "merges", "itself", "itself, deeper", "long", "tag"],
)
def test_texts_that_stand_for_too_much(text, problem):
    with pytest.raises(yaml.YAMLError) as caught:
        yaml_text.load(text)
    assert problem in caught.value.problem


def test_the_place_of_an_alias_is_told():
    with pytest.raises(yaml.YAMLError) as caught:
        yaml_text.load("model: tiny\nx: &a [*a]\n")
    assert caught.value.problem_mark.line == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: 1\nb: [x, 2.5, true, null]", {"a": 1, "b": ["x", 2.5, True, None]}),
        ("a: &a [1, 2]\nb: *a\nc: *a", {"a": [1, 2], "b": [1, 2], "c": [1, 2]}),
        ("a: &a {x: 1}\nb: {<<: *a, y: 2}", {"a": {"x": 1}, "b": {"x": 1, "y": 2}}),
        ("a: 2020-01-02", yaml.safe_load("a: 2020-01-02")),
    ],
)
def test_plain_texts_are_read_as_ever(text, value):
    assert yaml_text.load(text) == value == yaml.safe_load(text)


def test_a_recipe_whose_aliases_stand_for_too_much(tmp_path, local_tiny):
    path = tmp_path / "recipe.yaml"
    bomb = "".join(LAUGHS.splitlines(keepends=True)[:6]).replace("\n", "\n  ")
    path.write_text(f"model: local/tiny\ndata_options:\n  {bomb}".rstrip())
    with pytest.raises(errors.UsageError, match=r"recipe\.yaml, line \d: .* 20,000 values"):
        dlkit.Recipe.from_yaml(path)
