"""Manifests judged where they lie, installed or not, without running their plugin's code."""

import sys

import pytest

from dlkit.registry import errors
from dlkit.testing import static
from tests.testing.sound import MANIFEST


@pytest.fixture
def source(tmp_path):
    """A plugin's source folder, not installed, whose code must not run."""
    package = tmp_path / "acme" / "acme_nets"
    package.mkdir(parents=True)
    (package.parent / "pyproject.toml").write_text('[project]\nname = "Acme.Nets"\n')
    (package / "__init__.py").write_text("raise SystemExit(9)")
    (package / "models.py").write_text("raise SystemExit(9)")
    (package / "dlkit.toml").write_text(MANIFEST.replace("faulty_nets", "acme_nets"))
    return package.parent


@pytest.mark.parametrize("path", ["", "acme_nets", "acme_nets/dlkit.toml"])
def test_a_folder_or_a_file_leads_to_the_manifest(source, path):
    where = static.place(str(source / path))
    assert where.path == source / "acme_nets" / "dlkit.toml"
    assert (where.distribution, where.package, where.root) == ("acme-nets", "acme_nets", source)
    assert where.project == source
    read, problems = static.read(where)
    assert problems == []
    assert [entry.full_name for entry in read.specs] == ["acme-nets/net", "acme-nets/net-digits"]
    assert "acme_nets" not in sys.modules


def test_a_package_below_src(source):
    (source / "src").mkdir()
    (source / "acme_nets").rename(source / "src" / "acme_nets")
    where = static.place(str(source))
    assert where.path.parent == source / "src" / "acme_nets"
    assert (where.distribution, where.project) == ("acme-nets", source)
    assert static.read(where)[1] == []


def test_the_name_may_stand_in_setup_cfg(source):
    (source / "pyproject.toml").write_text("[build-system]\nrequires = []\n")
    (source / "setup.cfg").write_text("[metadata]\nname = acme-%nets\n")
    assert static.place(str(source)).distribution == "acme-%nets"


def test_without_a_name_the_package_names_it(source):
    (source / "pyproject.toml").write_text("not toml")
    assert static.place(str(source)).distribution == "acme-nets"


def test_an_installed_plugin_by_its_name(plugin):
    package = plugin()
    where = static.place("Faulty_Nets")
    assert (where.path, where.distribution) == (package / "dlkit.toml", "faulty-nets")
    assert static.read(where)[1] == []


def test_every_problem_is_told_with_table_and_key(source):
    file = source / "acme_nets" / "dlkit.toml"
    text = file.read_text().replace("acme_nets.models:net", "acme_nets.missing:net")
    text = text.replace('modules = ["acme_nets.models"]', 'modules = ["acme_nets.gone"]')
    text = text.replace("A small network", "A very " + "very " * 20 + "small network")
    text += '[[model]]\nname = "x"\nparams = "many"\n[[loss]]\nname = "l"\nbuild = "l"\n'
    file.write_text(text)
    problems = [str(problem) for problem in static.read(static.place(str(source)))[1]]
    for expected in (
        "modules[0]: there is no module 'acme_nets.gone'",
        "model[0].build: there is no module 'acme_nets.missing'",
        "model[0].summary: expected one line of at most 100 characters (in 'net')",
        "model[1].summary: missing, and it is required (in 'x')",
    ):
        assert expected in problems, problems
    assert any(problem.startswith("loss[0]") for problem in problems)


def test_another_plugin_api(source):
    file = source / "acme_nets" / "dlkit.toml"
    file.write_text(file.read_text().replace("api = 1", "api = 7"))
    _, (problem,) = static.read(static.place(str(source)))
    assert str(problem) == "api: this dlkit speaks plugin API 1, the file 7"


def test_a_folder_without_a_plugin(tmp_path):
    with pytest.raises(errors.UsageError, match="has no dlkit") as refusal:
        static.place(str(tmp_path))
    assert refusal.value.fix == "Start a plugin: dlkit plugin new NAME"


def test_neither_a_name_nor_a_path():
    with pytest.raises(errors.PluginNotInstalled, match="pip install acme-nets"):
        static.place("Acme_Nets")
    for word in ("", "./acme", "my nets", "acme/nets.toml"):
        with pytest.raises(errors.UsageError, match="no such folder or file"):
            static.place(word)
