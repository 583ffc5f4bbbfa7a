"""Recipes: where their values come from, and what is refused."""

import dataclasses
import pathlib

import numpy as np
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
        (
            {"schedule": "cosin"},
            "polynomial, one-cycle, got 'cosin'. Did you mean 'cosine'?",
        ),
        ({"schedule": ["cosine"]}, "one-cycle, got ['cosine']."),
        ({"max_time": 10**400}, "max_time: expected a number at least 0"),
        ({"optimizer": None}, "optimizer: expected a table, got None"),
        ({"optimizer": {1: 2}}, "no setting 'optimizer.1'"),
        ({"model_options": 3, "model_options.units": 4}, "a table of options, got 3"),
        ({"data": 3}, "data: expected a path, got 3"),
        ({"data": ""}, "data: expected a path, got ''"),
        ({"data": "caf\udce9"}, "data: expected a path"),  # a name that UTF-8 cannot hold
        ({"data_options.": 3}, "no setting 'data_options.'"),
        ({"lr": 3}, "no setting 'lr'. Did you mean 'optimizer.learning_rate'?"),
        ({"optimizer.lr": 3}, "no setting 'optimizer.lr'. Did you mean 'optimizer.learning_rate'?"),
        ({"optimizer": {"wd": 3}}, "Did you mean 'optimizer.weight_decay'?"),
        ({"bs": 3}, "Did you mean 'batch_size'?"),
        ({"Batch": 3}, "Did you mean 'batch_size'?"),
        ({"class_weights": "yes"}, "true or false"),
        ({"data_options": 3}, "a table of options"),
        ({"schedule": "step", "schedule_options": {"milestone": [0.5]}}, "milestones"),
        ({"optimizer": {"clipnorm": 1, "clipvalue": 1}}, "clipvalue"),
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
        ("model: local/tiny\n1: 2", "there is no setting 1"),
        ("model: local/tiny\noptimizer:\n  1: 2", "no setting 'optimizer.1'"),
        ("model: local/tiny\ndata_options:\n  1: 2", "data_options: expected a table of options"),
        ("model: local/tiny\ndataset: 3", "dataset: expected a registered name, got 3"),
        (
            "model: local/tiny\ndata_options:\n  a: 2020-01-01",
            "data_options.a: expected plain data",
        ),
        ("model: null", "model: expected a model's name, got None"),
        ("model: local/tiny\nseed: 2020-02-31", "is not YAML (day is out of range for month"),
        ("model: 3", "model: expected a model's name, got 3"),
        ("epochs: 3\nmodel: [", ", line 2: is not YAML"),
        ("model: other.yaml", "no model 'other.yaml'"),
        ("model: local/tinny", "Did you mean 'local/tiny'"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(errors.DlkitError) as caught:
        dlkit.Recipe.load(path)
    assert isinstance(caught.value, errors.UsageError | errors.UnknownName)
    assert message in str(caught.value) and str(caught.value).startswith(str(path))


def test_what_is_no_file_of_text(tmp_path):
    with pytest.raises(errors.UsageError, match="No such file"):
        dlkit.Recipe.load(tmp_path / "none.yaml")
    with pytest.raises(errors.UsageError, match="cannot be read"):
        dlkit.Recipe.load("nul\0.yaml")
    (tmp_path / "model.yaml").write_bytes(b"PK\x03\x04\xff")
    with pytest.raises(errors.UsageError, match=r"model\.yaml: is not text in UTF-8"):
        dlkit.Recipe.load(tmp_path / "model.yaml")
    with pytest.raises(errors.UsageError, match="is a folder"):
        dlkit.Recipe.from_yaml(tmp_path)
    (tmp_path / "a run").mkdir()
    (tmp_path / "a run" / "config.yaml").write_text("model: local/tiny")
    with pytest.raises(errors.UsageError) as caught:
        dlkit.Recipe.from_yaml(tmp_path / "a run")
    assert caught.value.fix == f"Give a file: -c '{tmp_path}/a run/config.yaml'"


@pytest.mark.parametrize("name", [None, 3, ["lenet5"], b"recipe.yaml"])
def test_names_that_are_none(name):
    with pytest.raises(errors.WrongType, match="model: expected a registered name, got"):
        dlkit.Recipe.load(name)
    with pytest.raises(errors.WrongType, match="recipe: expected the path of a YAML file, got"):
        dlkit.Recipe.from_yaml(name)
    if name is not None:
        with pytest.raises(errors.WrongType, match="dataset: expected a registered name, got"):
            dlkit.Recipe.load("local/tiny", name)


def test_weights_are_no_part_of_a_recipes_model():
    with pytest.raises(errors.UsageError, match="without weights") as caught:
        dlkit.Recipe.load("local/tiny@v1")
    assert "--set model_options.weights=v1" in caught.value.fix


def test_a_file_of_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "recipe"
    path.write_text("model: local/tiny\nepochs: 3\ndataset: mnist\n")
    assert dlkit.Recipe.from_yaml("recipe").epochs == 3
    assert dlkit.Recipe.load(path) == dlkit.Recipe.from_yaml("recipe")
    changed = dlkit.Recipe.from_yaml(path, "digits", epochs=4, **{"optimizer.name": "sgd"})
    assert (changed.dataset, changed.epochs, changed.optimizer.name) == ("digits", 4, "sgd")
    with pytest.raises(errors.UsageError) as caught:  # the caller's word is not the file's
        dlkit.Recipe.from_yaml(path, epochs=0)
    assert str(caught.value).startswith("epochs: expected")
    with pytest.raises(errors.UnknownName) as caught:
        dlkit.Recipe.from_yaml(path, "digitz")
    assert str(caught.value).startswith("no dataset 'digitz'")


def test_a_plugins_wrong_recipe_is_told_as_the_plugins(make_plugin):
    site = make_plugin(
        "acme-nets",
        """
        api = 1
        [[recipe]]
        name = "tiny-digits"
        model = "local/tiny"
        dataset = "digits"
        summary = "s"
        settings = { epoch = 3 }
        """,
    )
    with pytest.raises(errors.UsageError) as caught:
        dlkit.Recipe.load("local/tiny")
    assert str(caught.value).startswith(
        f"{site}/acme_nets/dlkit.toml: recipe[0]: there is no setti"
    )


NUMPY = {  # what a notebook gives -> what is kept
    "epochs": (np.int64(3), 3),
    "batch_size": (np.uint8(16), 16),
    "image_size": (np.array(32), 32),
    "seed": (np.int32(7), 7),
    "class_weights": (np.True_, True),
    "warmup_epochs": (np.float32(0.5), 0.5),
    "max_time": (np.int16(60), 60.0),
    "schedule": (np.str_("cosine"), "cosine"),
    "augment": (np.str_("none"), "none"),
    "data": (pathlib.Path("a") / "b", str(pathlib.Path("a/b"))),
}


@pytest.mark.parametrize("field", NUMPY)
def test_values_of_numpy_and_pathlib_are_kept_as_pythons(tmp_path, field):
    given, kept = NUMPY[field]
    recipe = dlkit.Recipe.load("local/tiny", **{field: given})
    assert type(getattr(recipe, field)) is type(kept)
    assert getattr(recipe, field) == kept
    (tmp_path / "r.yaml").write_text(recipe.to_yaml())
    assert dlkit.Recipe.load(tmp_path / "r.yaml") == recipe


def test_a_rate_of_numpy():
    recipe = dlkit.Recipe.load("local/tiny", **{"optimizer.learning_rate": np.float32(1e-3)})
    assert type(recipe.optimizer.learning_rate) is float
    assert np.float32(recipe.optimizer.learning_rate) == np.float32(1e-3)


@pytest.mark.parametrize(
    "settings",
    [{"epochs": np.float64(3)}, {"epochs": np.True_}, {"epochs": np.array([3])},
     {"class_weights": np.int64(1)}, {"optimizer.learning_rate": np.array([1e-3])},
     {"optimizer.learning_rate": np.nan}, {"optimizer.learning_rate": b"1"}],
)  # fmt: skip
def test_numpy_of_another_type_is_refused(settings):
    (field,) = settings
    with pytest.raises(errors.UsageError, match=f"{field}: expected"):
        dlkit.Recipe.load("local/tiny", **settings)


def test_options_are_plain_data_and_go_round(tmp_path):
    options = {
        "shape": (8, np.int64(8), 1),
        "mean": np.array([[0.5, 0.25]], np.float32),
        "file": tmp_path / "a",
        "deep": {"rates": [np.float32(0.5)], np.int64(3): np.array("x"), "none": None},
        "infinite": float("inf"),
    }
    recipe = dlkit.Recipe.load("local/tiny", model_options=options, data_options=options)
    assert recipe.model_options == recipe.data_options == {
        "shape": [8, 8, 1],
        "mean": [[0.5, 0.25]],
        "file": str(tmp_path / "a"),
        "deep": {"rates": [0.5], 3: "x", "none": None},
        "infinite": float("inf"),
    }  # fmt: skip
    (tmp_path / "r.yaml").write_text(recipe.to_yaml())
    assert dlkit.Recipe.load(tmp_path / "r.yaml") == recipe
    assert "!!" not in recipe.to_yaml() and "numpy" not in recipe.to_yaml()


def test_an_exponent_is_a_number_in_options_and_text_that_looks_so_goes_round(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("model: local/tiny\nmodel_options: {rate: 1e-3, name: '1e-3'}\n")
    recipe = dlkit.Recipe.load(path)
    assert recipe.model_options == {"rate": 1e-3, "name": "1e-3"}
    path.write_text(recipe.to_yaml())
    assert dlkit.Recipe.load(path) == recipe


ENDLESS: list = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (object(), "x"),
        ({1, 2}, "x"),
        (b"bytes", "x"),
        (len, "x"),
        (float("nan"), "x"),
        (np.datetime64("2020-01-01"), "x"),
        ([1, {"a": (2, object())}], r"x\[1\]\.a\[1\]"),
        (np.array([object()]), r"x\[0\]"),
        ({"a": {(1, 2): 3}}, r"x\.a"),
        (ENDLESS, "x"),
    ],
)
def test_options_that_are_no_data_are_refused_with_their_place(value, where):
    with pytest.raises(errors.UsageError, match=rf"^model_options\.{where}.*: expected .*, got"):
        dlkit.Recipe.load("local/tiny", model_options={"x": value})


@pytest.mark.parametrize("name", ["self", "cls", "name", "path", "settings", "instance"])
def test_settings_that_are_called_like_an_argument_are_no_fields(tmp_path, recipe, name):
    (tmp_path / "r.yaml").write_text("model: local/tiny\n")
    for made in (
        lambda **settings: recipe.replace(**settings),
        lambda **settings: dlkit.Recipe.load("local/tiny", **settings),
        lambda **settings: dlkit.Recipe.load(tmp_path / "r.yaml", **settings),
    ):
        with pytest.raises(errors.UsageError, match=f"no setting '{name}'"):
            made(**{name: 1})


def test_an_optimizer_may_be_a_table():
    made = dlkit.Recipe(model="local/tiny", dataset="digits", optimizer={"name": "sgd"})
    assert made.optimizer.name == "sgd"
