"""Names: what they mean, and what is said where they mean nothing."""

import pytest

import dlkit
from dlkit import registry
from dlkit.registry import errors

MODEL = """
[[model]]
name = "{name}"
build = "{package}:build"
summary = "a net"
task = "image-classification"
params = 1
variables = 1
license = "MIT"
"""


def manifest(package, *names, extra=""):
    return "api = 1\n" + "".join(MODEL.format(name=n, package=package) for n in names) + extra


def test_first_party_names_are_bare_and_others_are_full(make_plugin):
    make_plugin("acme-nets", manifest("acme_nets", "net9", "net10"))
    assert dlkit.list_models("net*") == ["acme-nets/net9", "acme-nets/net10"]
    assert dlkit.list_models(plugin="Acme_Nets") == ["acme-nets/net9", "acme-nets/net10"]
    assert dlkit.list_models("acme-nets/*") == dlkit.list_models("net*")
    assert dlkit.model_info("acme-nets/net9").namespace == "acme-nets"
    assert registry.find("dataset", "digits").full_name == "dlkit-core/digits"
    assert registry.find("dataset", "dlkit-core/digits").display_name == "digits"


def test_installing_a_plugin_changes_no_bare_name(make_plugin):
    before = registry.find("dataset", "digits")
    entry = '[[dataset]]\nname = "digits"\nbuild = "acme_nets:d"\nsummary = "x"\ntask = "t"\n'
    make_plugin("acme-nets", "api = 1\n" + entry)
    assert registry.find("dataset", "digits") == before
    assert registry.find("dataset", "acme-nets/digits").namespace == "acme-nets"


def test_a_bare_name_of_third_parties_is_refused_with_the_full_ones(make_plugin):
    make_plugin("acme-nets", manifest("acme_nets", "net"))
    make_plugin("beta-nets", manifest("beta_nets", "net"))
    with pytest.raises(errors.AmbiguousName, match="'acme-nets/net' or 'beta-nets/net'") as caught:
        dlkit.model_info("net")
    assert caught.value.fix == "Use the full name: dlkit show acme-nets/net"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("digitz", "digits"), ("Digits", "digits"), ("imagefolder", "image-folder")],
)
def test_a_typo_is_answered_with_the_nearest_name(typed, meant):
    with pytest.raises(errors.UnknownName, match=f"Did you mean '{meant}'") as caught:
        registry.find("dataset", typed)
    assert caught.value.fix.endswith(": dlkit datasets")


def test_a_bare_typo_finds_a_third_party_name(make_plugin):
    make_plugin("acme-nets", manifest("acme_nets", "supernet"))
    with pytest.raises(errors.UnknownName, match="'acme-nets/supernet'"):
        dlkit.model_info("superned")


def test_an_unknown_kind_is_usage():
    with pytest.raises(errors.UnknownKind, match="Did you mean 'model'") as caught:
        registry.find("modell", "x")
    assert isinstance(caught.value, errors.UsageError)


NONE = {  # call -> what is told of it
    "create_model": (lambda value: dlkit.create_model(value), "model: expected a registered name"),
    "model_info": (lambda value: dlkit.model_info(value), "model: expected a registered name"),
    "dataset": (
        lambda value: dlkit.create("dataset", value),
        "dataset: expected a registered name",
    ),
    "kind": (lambda value: dlkit.create(value, "x"), "kind: expected one of model, task"),
    "listed kind": (lambda value: registry.list_specs(value), "kind: expected one of model, task"),
    "pattern": (lambda value: dlkit.list_models(value), "pattern: expected a name with"),
    "load_model": (lambda value: dlkit.load_model(value), "load_model: expected the path"),
}


@pytest.mark.parametrize("value", [None, 3, ["x"], b"lenet5"], ids=repr)
@pytest.mark.parametrize("call", NONE)
def test_names_of_another_type(call, value):
    with pytest.raises(errors.WrongType) as caught:
        NONE[call][0](value)
    assert NONE[call][1] in caught.value.message
    assert caught.value.message.endswith(f", got {value!r}.")
    assert isinstance(caught.value, errors.UsageError | TypeError)


@pytest.mark.parametrize("name", ["task", "plugin", "pretrained"])
def test_filters_of_another_type(name):
    with pytest.raises(errors.WrongType, match=f"^{name}: expected .* or None, got 3"):
        dlkit.list_models(**{name: 3})


def test_weights_of_another_type(make_plugin):
    make_plugin("acme-nets", manifest("acme_nets", "net"))
    with pytest.raises(errors.WrongType, match="weights: expected a tag, a file's path or None"):
        dlkit.create_model("acme-nets/net", weights=3)


def test_an_unknown_kind_has_no_listing():
    with pytest.raises(errors.UnknownKind, match="Did you mean 'model'"):
        registry.list_specs("modell")


def test_an_empty_path_is_no_models():
    with pytest.raises(errors.WrongType, match=r"the path of a \.keras file, got ''"):
        dlkit.load_model("")


def test_a_namespace_that_is_not_installed_says_what_to_install():
    with pytest.raises(errors.PluginNotInstalled) as caught:
        dlkit.model_info("acme-nets/net")
    assert caught.value.fix == "Install it: pip install acme-nets"


def test_aliases_deprecation_and_removal(make_plugin):
    extra = '[[removed]]\nname = "net1"\nsince = "acme-nets 2.0"\nuse = "acme-nets/net2"\n'
    text = manifest("acme_nets", "net2", extra=extra).replace(
        'license = "MIT"', 'license = "MIT"\naliases = ["nett"]\ndeprecated = "use net3"'
    )
    make_plugin("acme-nets", text, {"__init__.py": "def build(): return 7"})
    assert dlkit.model_info("acme-nets/nett").name == "net2"
    assert dlkit.list_models("net*") == []
    assert dlkit.list_models("net*", deprecated=True) == ["acme-nets/net2"]
    with pytest.warns(FutureWarning, match="use net3"):
        assert dlkit.create_model("acme-nets/net2") == 7
    with pytest.raises(errors.RemovedName, match=r"left in acme-nets 2\.0; use 'acme-nets/net2'"):
        dlkit.model_info("acme-nets/net1")


WEIGHTS = """
[[model.weights]]
tag = "imagenet-v1"
url = "https://example.org/net.weights.h5"
hash = "md5:0123456789abcdef0123456789abcdef"
license = "MIT"
"""


def test_weights_are_asked_for_once(make_plugin):
    make_plugin("acme-nets", manifest("acme_nets", "net", extra=WEIGHTS))
    assert dlkit.list_models(plugin="acme-nets", pretrained=True) == ["acme-nets/net"]
    assert dlkit.list_models(pretrained="imagenet-v1") == ["acme-nets/net"]
    assert dlkit.list_models("net", pretrained=False) == []
    assert dlkit.model_info("acme-nets/net@imagenet-v1").pretrained == ("imagenet-v1",)
    for tag in ("imagenet-v2", ""):
        with pytest.raises(errors.UnknownWeights, match="It has: imagenet-v1"):
            dlkit.model_info(f"acme-nets/net@{tag}")
    with pytest.raises(errors.WeightsConflict, match="'imagenet-v1' and weights='v2'"):
        dlkit.create_model("acme-nets/net@imagenet-v1", weights="v2")
    with pytest.raises(
        errors.UnknownWeights, match=r"Did you mean 'imagenet-v1'\? It has: imagenet-v1"
    ) as caught:
        dlkit.create_model("acme-nets/net@imagenet-v2")
    assert caught.value.fix == "See its weights: dlkit show acme-nets/net"


def test_natural_order():
    names = ["resnet110", "resnet20", "acme/a", "alexnet"]
    from dlkit.registry import resolve

    assert sorted(names, key=resolve.natural)[1:] == ["alexnet", "resnet20", "resnet110"]
