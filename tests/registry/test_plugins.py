"""Plugins as they are found: healthy, broken, of another API, left out, claimed twice."""

import concurrent.futures
import importlib.util
import multiprocessing
import pickle

import pytest

import dlkit
from dlkit import registry
from dlkit.registry import errors

NET = """
api = 1
[[model]]
name = "net"
build = "{package}:build"
summary = "a net"
task = "image-classification"
params = 1
variables = 1
license = "MIT"
"""


def state(distribution):
    plugin = registry.index().plugin(distribution)
    return plugin.state, plugin.problem


def test_the_core_is_its_own_first_plugin():
    core = dlkit.plugins()[0]
    assert (core.name, core.distribution, core.state) == ("core", "dlkit-core", "ok")


def test_no_plugin_code_runs_until_it_builds(make_plugin):
    code = "raise RuntimeError('boom')"
    make_plugin("acme-nets", NET.format(package="acme_nets"), {"__init__.py": code})
    assert "acme-nets/net" in dlkit.list_models()
    assert state("acme-nets") == ("ok", "")
    with pytest.raises(errors.PluginBroken, match="RuntimeError: boom") as caught:
        dlkit.create_model("acme-nets/net")
    assert caught.value.fix == "Diagnose it: dlkit doctor --deep acme-nets"


def test_a_plugin_that_exits_is_broken(make_plugin):
    make_plugin(
        "acme-nets", NET.format(package="acme_nets"), {"__init__.py": "raise SystemExit(3)"}
    )
    with pytest.raises(errors.PluginBroken, match="SystemExit: 3"):
        dlkit.create_model("acme-nets/net")


def test_a_broken_manifest_is_listed_and_only_asking_raises(make_plugin):
    make_plugin("acme-nets", NET.format(package="acme_nets").replace("params = 1", "params = 'x'"))
    word, problem = state("acme-nets")
    assert word == "invalid" and "model[0].params" in problem
    assert "1 plugin skipped: acme-nets 0.1" in registry.note()
    assert registry.note().endswith("Run: dlkit doctor")
    assert dlkit.list_models("acme-nets/*") == []
    with pytest.raises(errors.PluginBroken, match=r"model\[0\]\.params"):
        dlkit.model_info("acme-nets/net")


def test_strict_raises_at_discovery(make_plugin, monkeypatch):
    make_plugin("acme-nets", "api = 1\nx = 1")
    monkeypatch.setenv("DLKIT_STRICT", "1")
    registry.refresh()
    with pytest.raises(errors.PluginBroken, match="acme-nets"):
        dlkit.list_models()


@pytest.mark.parametrize(("api", "upgrade"), [(2, "dlkit-core"), (0, "acme-nets")])
def test_another_api(make_plugin, api, upgrade):
    make_plugin("acme-nets", f"api = {api}\n")
    assert state("acme-nets")[0] == "incompatible"
    with pytest.raises(errors.PluginIncompatible, match=f"plugin API \\({api}\\)") as caught:
        dlkit.model_info("acme-nets/net")
    assert caught.value.fix == f"Upgrade: pip install -U {upgrade}"


def test_plugins_can_be_left_out(make_plugin, monkeypatch):
    make_plugin("acme-nets", NET.format(package="acme_nets"))
    make_plugin("beta-nets", NET.format(package="beta_nets"))
    monkeypatch.setenv("DLKIT_PLUGINS", "Beta_Nets")
    registry.refresh()
    assert state("acme-nets")[0] == "disabled"
    assert dlkit.list_models() == ["beta-nets/net"]
    assert registry.note() == ""
    with pytest.raises(errors.PluginDisabled) as caught:
        dlkit.model_info("acme-nets/net")
    assert caught.value.fix == "Let it in: unset DLKIT_PLUGINS"
    monkeypatch.setenv("DLKIT_PLUGINS", "none")
    registry.refresh()
    assert dlkit.list_models() == []
    assert registry.find("dataset", "digits").name == "digits"


@pytest.mark.parametrize("module", ["acme_nets.modles", "acme_nets.a.b"])
def test_a_missing_module_is_found_without_importing(make_plugin, module):
    make_plugin("acme-nets", NET.format(package=module), {"__init__.py": "raise SystemExit"})
    word, problem = state("acme-nets")
    assert word == "invalid"
    assert f"model[0].build: there is no module {module!r}" in problem


def test_a_serial_package_has_one_owner(make_plugin):
    claim = '\nserial_package = "shared"\n'
    make_plugin("acme-nets", "api = 1" + claim + NET.format(package="acme_nets")[8:])
    make_plugin("beta-nets", "api = 1" + claim + NET.format(package="beta_nets")[8:])
    assert state("acme-nets")[0] == "ok"
    assert "'shared' is taken by acme-nets" in state("beta-nets")[1]


def test_first_party_plugins_may_not_claim_a_name_twice(make_plugin):
    entry = '[[dataset]]\nname = "digits"\nbuild = "dlkit_text:d"\nsummary = "x"\ntask = "t"\n'
    make_plugin("dlkit-text", "api = 1\n" + entry)
    assert "'digits' is taken by dlkit-core" in state("dlkit-text")[1]


def test_a_plugin_installed_later_appears_after_refresh(make_plugin):
    before = dlkit.list_models()
    make_plugin("acme-nets", NET.format(package="acme_nets"), refresh=False)
    assert dlkit.list_models() == before
    dlkit.refresh()
    assert "acme-nets/net" in dlkit.list_models()


def test_an_editable_install_appears_after_refresh(make_plugin, tmp_path):
    site = make_plugin("acme-nets", NET.format(package="acme_nets"), refresh=False)
    source = tmp_path / "elsewhere"
    source.mkdir()
    (site / "acme_nets").rename(source / "acme_nets")
    (site / "acme.pth").write_text(f"{source}\n")
    record = next(site.glob("*.dist-info")) / "RECORD"
    record.write_text(record.read_text() + "acme.pth,,\n")
    assert importlib.util.find_spec("acme_nets") is None
    dlkit.refresh()
    assert state("acme-nets") == ("ok", "")


def test_missing_and_old_requirements(make_plugin):
    text = NET.format(package="acme_nets")
    make_plugin("acme-nets", text + 'requires = ["nosuchdist>=2"]\n')
    make_plugin("beta-nets", text.replace("acme", "beta") + 'requires = ["numpy>=99"]\n')
    with pytest.raises(errors.MissingRequirement, match="which is not installed") as caught:
        dlkit.create_model("acme-nets/net")
    assert caught.value.fix == 'Install it: pip install "nosuchdist>=2"'
    with pytest.raises(errors.MissingRequirement, match=r"numpy .* is installed"):
        dlkit.create_model("beta-nets/net")


def test_options_and_build_errors(make_plugin):
    code = "def build(*, size=3):\n    raise ValueError('size is odd')"
    make_plugin("acme-nets", NET.format(package="acme_nets"), {"__init__.py": code})
    with pytest.raises(errors.UnknownOption, match=r"no option 'siez'\. Did you mean 'size'"):
        dlkit.create_model("acme-nets/net", siez=4)
    with pytest.raises(errors.BuildFailed, match=r"size=5.*\n.*size is odd") as caught:
        dlkit.create_model("acme-nets/net", size=5)
    assert isinstance(caught.value.__cause__, ValueError)


def test_create_takes_any_kind(make_plugin):
    text = 'api = 1\n[[loss]]\nname = "l"\nbuild = "acme_nets:C.make"\nsummary = "s"\n'
    code = "class C:\n    @staticmethod\n    def make(*, a=1): return a + 1"
    make_plugin("acme-nets", text, {"__init__.py": code})
    assert dlkit.create("loss", "acme-nets/l", a=4) == 5


def test_worker_processes_rediscover_the_same_registry(make_plugin):
    make_plugin("acme-nets", NET.format(package="acme_nets"))
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, spawn) as pool:
        found = pool.submit(registry.list_models).result(timeout=120)
    assert found == dlkit.list_models()
    assert "acme-nets/net" in found


def test_errors_survive_the_way_back_from_a_worker():
    error = errors.UnknownWeights("net", "v2", ["v1"])
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.fix) == (type(error), str(error), error.fix)
