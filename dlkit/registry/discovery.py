"""Installed distributions -> plugins: find, read, classify. No plugin code runs, nothing raises.

A plugin is any distribution with an entry point in the group `dlkit.plugins`, whose value points
at a TOML file in its package: `vision = dlkit_vision:dlkit.toml`.
"""

import dataclasses
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import pathlib
import re
import site
from collections.abc import Iterable, Iterator

from dlkit.registry import manifest, spec

GROUP = "dlkit.plugins"
CORE = "dlkit-core"

_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")  # PEP 508


def find() -> tuple[tuple[spec.Plugin, ...], tuple[manifest.Removed, ...]]:
    """Every installed plugin in the order of their names, first-party ones first.

    Returns:
        The plugins, broken ones included with their problem, and the names they removed.
    """
    points = sorted(map(_owned, importlib.metadata.entry_points(group=GROUP)), key=_order)
    plugins: list[spec.Plugin] = []
    removed: list[manifest.Removed] = []
    for point in points:
        plugin, gone = _read(*point)
        plugins.append(_collisions(plugin, plugins))
        removed += gone if plugin.state == "ok" else ()
    return tuple(plugins), tuple(removed)


def canonical(name: str) -> str:
    """A distribution's name as indexes compare them (PEP 503): `Acme_Nets` is `acme-nets`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_project_name(name: str) -> bool:
    """Whether a distribution may have the name, however it is spelt."""
    return bool(_PROJECT.fullmatch(name))


def allowed() -> frozenset[str] | None:
    """What DLKIT_PLUGINS lets in beside the core; None where it is not set: everything."""
    setting = os.environ.get("DLKIT_PLUGINS", "").strip()
    if not setting:
        return None
    return frozenset(canonical(word.strip()) for word in setting.split(",") if word.strip())


def adopt_editable_installs() -> None:
    """Lets a running interpreter see packages that were installed editable after it started.

    Such an install adds a `.pth` file, which Python reads only when it starts; this reads those of
    plugins whose package cannot be found otherwise.
    """
    for point in importlib.metadata.entry_points(group=GROUP):
        if _package_folder(point.module) is None and point.dist is not None:
            for file in point.dist.files or ():
                if file.suffix == ".pth":
                    path = pathlib.Path(point.dist.locate_file(file))
                    site.addpackage(str(path.parent), path.name, None)


def find_module(name: str) -> importlib.machinery.ModuleSpec | None:
    """Finds a dotted module without importing it or its parents; None where there is none."""
    top, *rest = name.split(".")
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # a half-made module in sys.modules has no spec
        return None
    for i in range(len(rest)):
        if found is None or found.submodule_search_locations is None:
            return None
        dotted = ".".join((top, *rest[: i + 1]))
        found = importlib.machinery.PathFinder.find_spec(dotted, found.submodule_search_locations)
    return found


def _owned(point: importlib.metadata.EntryPoint) -> tuple:
    """An entry point with its distribution's name and version, whose file is read here once."""
    if point.dist is None:
        return point, point.module, ""
    metadata = point.dist.metadata
    return point, canonical(metadata["Name"]), metadata["Version"]


def _order(owned: tuple) -> tuple:
    point, name, _ = owned
    return (name != CORE, name not in spec.FIRST_PARTY, name, point.name)


def _read(
    point: importlib.metadata.EntryPoint, distribution: str, version: str
) -> tuple[spec.Plugin, tuple[manifest.Removed, ...]]:
    plugin = spec.Plugin(name=point.name, distribution=distribution, version=version)
    admitted = allowed()
    if admitted is not None and distribution != CORE and distribution not in admitted:
        return _failed(plugin, "left out by DLKIT_PLUGINS", "disabled"), ()
    folder = _package_folder(point.module)
    if folder is None or not point.attr:
        package = f"its entry point is {point.value!r}"
        expected = "expected 'package:dlkit.toml' with a top-level package that is installed"
        return _failed(plugin, f"{package}; {expected}"), ()
    path = folder / point.attr
    read = manifest.read(path, distribution, point.module)
    plugin = dataclasses.replace(
        plugin, manifest=str(path), modules=read.modules, serial_package=read.serial_package,
        notes=read.notes,
    )  # fmt: skip
    if read.api not in (manifest.API, None):
        newer = "a newer" if read.api > manifest.API else "an older"
        needs = f"needs {newer} plugin API ({read.api}); this dlkit has API {manifest.API}"
        return _failed(plugin, needs, "incompatible"), ()
    problems = read.problems or tuple(_missing_modules(read))
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return _failed(plugin, f"{path}: {problems[0]}{more}"), ()
    return dataclasses.replace(plugin, specs=read.specs), read.removed


def _package_folder(module: str) -> pathlib.Path | None:
    if "." in module:  # finding a sub-module would import its parent
        return None
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    locations = list(found.submodule_search_locations or ()) if found else []
    return pathlib.Path(locations[0]) if locations else None


def _missing_modules(read: manifest.Manifest) -> Iterator[manifest.Problem]:
    known: dict[str, bool] = {}

    def missing(name: str) -> bool:
        if name not in known:
            known[name] = find_module(name) is not None
        return not known[name]

    for i, name in enumerate(read.modules):
        if missing(name):
            yield manifest.Problem(f"modules[{i}]", f"there is no module {name!r}")
    for entry in read.specs:
        module = entry.build.partition(":")[0]
        if module and missing(module):
            where = entry.where.rpartition(": ")[2]
            yield manifest.Problem(f"{where}.build", f"there is no module {module!r}")


def _collisions(plugin: spec.Plugin, earlier: Iterable[spec.Plugin]) -> spec.Plugin:
    """Only first-party plugins share a name space: of two that claim a name, the later is wrong."""
    taken = {
        (entry.kind, word): other.distribution
        for other in earlier
        for entry in other.specs
        if _space(entry.namespace) == _space(plugin.distribution)
        for word in (entry.name, *entry.aliases)
    }
    packages = {other.serial_package: other.distribution for other in earlier if other.specs}
    owner = packages.get(plugin.serial_package)
    if plugin.specs and owner not in (None, plugin.distribution):
        problem = f"serial_package: {plugin.serial_package!r} is taken by {owner}"
        return _failed(plugin, f"{plugin.manifest}: {problem}")
    for entry in plugin.specs:
        for word in (entry.name, *entry.aliases):
            if (entry.kind, word) in taken:
                problem = f"{entry.where}: {word!r} is taken by {taken[entry.kind, word]}"
                return _failed(plugin, problem)
    return plugin


def _failed(plugin: spec.Plugin, problem: str, state: str = "invalid") -> spec.Plugin:
    return dataclasses.replace(plugin, state=state, problem=problem, specs=())


def _space(namespace: str) -> str:
    return "" if namespace in spec.FIRST_PARTY else namespace
