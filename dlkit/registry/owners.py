"""The owners of what a saved model names: installed plugins, imported before Keras looks.

Keras finds a custom class by its `package>Class` among what has been imported. What is imported
comes from the manifest that claims the package, never from the file.
"""

import importlib
from collections.abc import Collection

from dlkit.registry import build, catalog, discovery, errors, resolve, spec
from dlkit.registry.saved_config import Stranger


def import_for(path: str, strangers: list[Stranger], known: Collection[str]) -> list[Stranger]:
    """Imports the plugins that own what a file names.

    Args:
        path: the file, for messages.
        strangers: what it names.
        known: names that the caller gives a meaning to.

    Returns:
        Those whose names lead to nothing, and have no package that a plugin could own.

    Raises:
        PluginNotInstalled: no installed plugin owns the package of one.
        PluginBroken: the plugin that owns it does not import, or does not register it.
    """
    missing = _unknown(strangers, known)
    owners = {s.package: _owner(s.package) for s in missing if s.package}
    for package, owner in owners.items():  # all, as one may register what another names
        if owner is not None:
            wanted = _wanted(path, package, missing)
            plugin = resolve.require(catalog.index(), owner.distribution, wanted)
            build.import_modules(plugin, wanted)
    missing = _unknown(missing, known)
    for package, owner in owners.items():
        if any(stranger.package == package for stranger in missing):
            raise _lacking(_wanted(path, package, missing), package, owner)
    return missing


def _unknown(strangers: list[Stranger], known: Collection[str]) -> list[Stranger]:
    if not strangers:
        return []
    registered = importlib.import_module("keras").saving.get_registered_object
    return [
        stranger
        for stranger in strangers
        if stranger.key not in known
        and stranger.key.rpartition(">")[2] not in known
        and registered(stranger.key) is None
    ]


def _owner(package: str) -> spec.Plugin | None:
    """The plugin whose manifest claims the package; of a broken one, whose name suggests it."""
    found = catalog.index()
    claims = (p for p in found.plugins if p.serial_package == package)
    return next(claims, None) or found.plugin(package)


def _wanted(path: str, package: str, strangers: list[Stranger]) -> str:
    return f"{path}: {_names(package, strangers)}"


def _names(package: str, strangers: list[Stranger]) -> str:
    return ", ".join(s.key for s in strangers if s.package == package)


def _lacking(wanted: str, package: str, owner: spec.Plugin | None) -> errors.DlkitError:
    if owner is None:
        return errors.PluginNotInstalled(wanted, discovery.canonical(package))
    names = wanted.partition(": ")[2]
    cause = f"its modules ({', '.join(owner.modules)}) register no {names}"
    named = f"{owner.distribution} {owner.version}"
    return errors.PluginBroken(wanted, named, cause, owner.distribution)
