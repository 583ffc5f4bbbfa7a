"""A manifest judged without running any of its plugin's code, installed or not."""

import configparser
import dataclasses
import importlib.machinery
import pathlib
import tomllib
from collections.abc import Iterable

from dlkit.registry import catalog, discovery, errors, manifest, spec
from dlkit.registry.manifest import Problem

SUMMARY = 100  # characters: a row of `dlkit models` on a usual screen


@dataclasses.dataclass(frozen=True)
class Place:
    """A manifest and what its distribution says about it.

    Attributes:
        path: the TOML file.
        distribution: whose it is, canonical.
        package: the import package that the file lies in.
        root: the folder that holds the package.
        project: the folder that pip installs it from; of an installed one, `root`.
    """

    path: pathlib.Path
    distribution: str
    package: str
    root: pathlib.Path
    project: pathlib.Path


def place(name_or_path: str) -> Place:
    """Finds a manifest by the name of its installed distribution, or by its folder or file.

    Raises:
        PluginNotInstalled: neither such a plugin nor such a path is there.
        UsageError: it is no name and no path that is there, or the folder has no plugin in it.
    """
    path = pathlib.Path(name_or_path)
    if not discovery.is_project_name(name_or_path) and not (name_or_path and path.exists()):
        raise errors.UsageError(
            f"{name_or_path!r} is no plugin's name, and there is no such folder or file.",
            "See the installed plugins: dlkit plugins",
        )
    plugin = catalog.index().plugin(name_or_path)
    if plugin is not None and plugin.manifest:
        file = pathlib.Path(plugin.manifest)
        root = file.parent.parent
        return Place(file, plugin.distribution, file.parent.name, root, root)
    if path.is_file():
        return _at(path.resolve())
    if path.is_dir():
        for pattern in ("dlkit.toml", "*/dlkit.toml", "src/*/dlkit.toml"):
            for file in sorted(path.glob(pattern)):
                return _at(file.resolve())
        raise errors.UsageError(
            f"{path} has no dlkit.toml, nor has a package in it.",
            "Start a plugin: dlkit plugin new NAME",
        )
    if plugin is not None:  # its entry point leads to no file
        raise errors.ManifestError(plugin.distribution, "", plugin.problem, plugin.distribution)
    raise errors.PluginNotInstalled(f"plugin {name_or_path!r}", discovery.canonical(name_or_path))


def read(where: Place) -> tuple[manifest.Manifest, list[Problem]]:
    """Reads a manifest and finds everything that is wrong with it."""
    found = manifest.read(where.path, where.distribution, where.package)
    problems = list(found.problems)
    if found.api not in (manifest.API, None):
        expected = f"this dlkit speaks plugin API {manifest.API}, the file {found.api}"
        return found, [Problem("api", expected)]
    problems += [
        Problem(f"modules[{i}]", f"there is no module {name!r}")
        for i, name in enumerate(found.modules)
        if not _exists(name, where.root)
    ]
    problems += [
        Problem(f"{_table(entry)}.build", f"there is no module {module!r}")
        for entry in found.specs
        if (module := entry.build.partition(":")[0]) and not _exists(module, where.root)
    ]
    return found, problems + entry_problems(found.specs)


def entry_problems(specs: Iterable[spec.Spec]) -> list[Problem]:
    """What the registry lets pass in an entry, and a reader of `dlkit models` should not meet."""
    problems = []
    for entry in specs:
        for word in (entry.name, *entry.aliases):
            if word != word.lower():
                text = f"{word!r} has capitals; names are typed, so write {word.lower()!r}"
                problems.append(Problem(f"{_table(entry)}.name", text))
        if "\n" in entry.summary or len(entry.summary) > SUMMARY:
            text = f"expected one line of at most {SUMMARY} characters (in {entry.name!r})"
            problems.append(Problem(f"{_table(entry)}.summary", text))
    return problems


def _table(entry: spec.Spec) -> str:
    return entry.where.rpartition(": ")[2]


def _at(file: pathlib.Path) -> Place:
    root = file.parent.parent
    for folder in (root, root.parent, file.parent):
        if name := _project_name(folder):
            break
    else:
        name, folder = file.parent.name, root
    return Place(file, discovery.canonical(name), file.parent.name, root, folder)


def _project_name(folder: pathlib.Path) -> str:
    """The distribution's name, of the files in which setuptools and its likes keep it."""
    settings = configparser.ConfigParser(interpolation=None)
    try:
        if (folder / "pyproject.toml").is_file():
            text = (folder / "pyproject.toml").read_text("utf-8")
            settings.read_dict({"metadata": tomllib.loads(text).get("project", {})})
        if not settings.has_option("metadata", "name"):
            settings.read(folder / "setup.cfg", "utf-8")
    except (ValueError, configparser.Error):  # files that their own tools will refuse
        return ""
    return settings.get("metadata", "name", fallback="")


def _exists(module: str, root: pathlib.Path) -> bool:
    """Whether a module is there, in the plugin's own folder or installed; nothing is imported."""
    if discovery.find_module(module) is not None:
        return True
    places = [str(root)]
    for i in range(module.count(".") + 1):
        dotted = ".".join(module.split(".")[: i + 1])
        found = importlib.machinery.PathFinder.find_spec(dotted, places)
        if found is None:
            return False
        places = list(found.submodule_search_locations or ())
    return True
