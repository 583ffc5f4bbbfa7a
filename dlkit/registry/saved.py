"""Saved models -> models, in a process that has not imported their plugin.

A `.keras` archive names each custom class as `package>Class`. Keras looks it up among what has
been imported, so a plugin's model would fail in a fresh process. Here the packages are read from
the archive with the standard library, and the *installed* plugin that owns each is imported. What
to import comes from its manifest, never from the file.
"""

import importlib
import json
import os
import zipfile
from collections.abc import Iterator
from typing import Any

from dlkit.registry import build, catalog, discovery, errors, resolve, spec

_CONFIG_LIMIT = 256 * 1024 * 1024  # bytes of config.json; an honest one has a few megabytes


def load_model(path: str | os.PathLike, **options: Any):
    """Loads a `.keras` file of any installed plugin's model.

    Args:
        path: a file written by `model.save("….keras")`.
        **options: passed on to `keras.saving.load_model`, e.g. `compile=False`.

    Returns:
        The `keras.Model`.

    Raises:
        WrongType: the path is none.
        ModelFileError: there is no such file, or it is no `.keras` archive.
        PluginNotInstalled: the file has classes of a package that no installed plugin owns.
        PluginBroken: the plugin that owns them does not import.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        example = "As in: dlkit.load_model('model.keras')"
        raise errors.WrongType("load_model", "the path of a .keras file", path, example)
    path = os.fsdecode(path)
    saving = importlib.import_module("keras").saving
    custom = options.get("custom_objects") or {}
    for package, classes in packages(path).items():
        missing = [
            name
            for name in classes
            if name not in custom
            and name.partition(">")[2] not in custom
            and saving.get_registered_object(name) is None
        ]
        if missing:
            _import_owner(path, package, missing)
    try:
        return saving.load_model(path, **options)
    except (ValueError, OSError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines()
        problem = f"Keras cannot load it: {' '.join(reason[:3])}"
        raise errors.ModelFileError(path, problem) from error


def packages(path: str) -> dict[str, list[str]]:
    """The registered names that a `.keras` file uses, by package: `{"dlkit": ["dlkit>Gate"]}`."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > _CONFIG_LIMIT:
                raise errors.ModelFileError(path, "its config.json is unreasonably large")
            config = json.loads(archive.read("config.json"))
    except FileNotFoundError:
        raise errors.ModelFileError(path, "there is no such file") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        problem = f"is no .keras archive ({type(error).__name__}: {error})"
        raise errors.ModelFileError(path, problem) from None
    found: dict[str, list[str]] = {}
    for name in _registered_names(config):
        package = name.partition(">")[0]
        if ">" in name and package != "Custom" and name not in found.setdefault(package, []):
            found[package].append(name)
    return found


def _registered_names(config: Any) -> Iterator[str]:
    if isinstance(config, dict):
        if isinstance(config.get("registered_name"), str):
            yield config["registered_name"]
        config = list(config.values())
    if isinstance(config, list):
        for item in config:
            yield from _registered_names(item)


def _import_owner(path: str, package: str, classes: list[str]) -> None:
    found = catalog.index()
    wanted = f"{path}: {', '.join(classes)}"
    owner = _owner(found, package)
    if owner is None:
        raise errors.PluginNotInstalled(wanted, discovery.canonical(package))
    plugin = resolve.require(found, owner.distribution, wanted)
    build.import_modules(plugin, wanted)
    saving = importlib.import_module("keras").saving
    lost = [name for name in classes if saving.get_registered_object(name) is None]
    if lost:
        cause = f"its modules ({', '.join(plugin.modules)}) register no {', '.join(lost)}"
        named = f"{plugin.distribution} {plugin.version}"
        raise errors.PluginBroken(wanted, named, cause, plugin.distribution)


def _owner(found: catalog.Index, package: str) -> spec.Plugin | None:
    """The plugin whose manifest claims the package; of a broken one, whose name suggests it."""
    claims = (p for p in found.plugins if p.serial_package == package)
    return next(claims, None) or found.plugin(package)
