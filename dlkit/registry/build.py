"""Specs -> objects. The only file of the registry that imports plugin code, or Keras."""

import importlib
import importlib.metadata
import inspect
import os
import re
import warnings
from collections.abc import Callable
from typing import Any

from dlkit.registry import catalog, errors, resolve, spec

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(>=)?\s*([\d.]*)")


def create_model(name: str, /, *, weights: str | os.PathLike | None = None, **config: Any):
    """Builds a registered model.

    ```python
    model = dlkit.create_model("lenet5", num_classes=10, input_shape=(32, 32, 1))
    ```

    Args:
        name: as `dlkit.list_models()` gives it; `name@tag` asks for published weights.
        weights: the tag of published weights; or the path of a `.weights.h5` or `.keras` file of
            this very build, or of a file of Keras' or torch's in a layout that the model's plugin
            knows; None leaves the weights as initialised. Published ones leave the head as
            initialised where `num_classes` is another, and say so; they fit images of other
            channels, and bring the names of their classes.
        **config: the builder's own options; `dlkit show NAME` lists them.

    Returns:
        A plain `keras.Model`.

    Raises:
        DlkitError: the name, an option or the weights are unknown, the plugin does not import,
            or the builder refuses these options. Each says what mends it.
    """
    entry = resolve.find("model", name)
    wanted = resolve.weights_tag(name, weights)
    if wanted is None:
        return build(entry, config)
    files = importlib.import_module("dlkit.weights")
    found = files.locate(entry, wanted)
    model = build(entry, files.configured(entry, found, config))
    layouts = [load_object(entry, place) for place in found.layouts]
    report = files.load(model, found.path, layouts, fresh_head="num_classes" in config)
    files.adopt(model, entry, found, report)
    return model


def create(kind: str, name: str, /, **config: Any):
    """Builds a registered thing of any kind: `create("dataset", "digits", image_size=32)`."""
    if kind == "model":
        return create_model(name, **config)
    return build(resolve.find(kind, name), config)


def build(entry: spec.Spec, config: dict[str, Any]):
    """Calls a spec's builder with options that it knows."""
    if entry.deprecated:
        warnings.warn(f"{entry.display_name!r}: {entry.deprecated}", FutureWarning, stacklevel=4)
    builder = target(entry)
    known = options(builder)
    for option in config:
        if known is not None and option not in known:
            raise errors.UnknownOption(entry.display_name, entry.kind, option, known)
    try:
        return builder(**entry.given, **config)
    except errors.DlkitError:
        raise
    except (TypeError, ValueError, KeyError, ArithmeticError) as error:
        raise errors.BuildFailed(entry.display_name, entry.kind, config, error) from error


def target(entry: spec.Spec) -> Callable[..., Any]:
    """The builder function; imports the plugin's module.

    Raises:
        MissingRequirement: something its manifest says it needs is not installed.
        PluginBroken: the module raises, exits, or has no such function.
    """
    if entry.target is not None:
        return entry.target
    for requirement in entry.requires:
        _check_requirement(repr(entry.display_name), requirement)
    return load_object(entry, entry.build)


def load_object(entry: spec.Spec, place: str) -> Any:
    """What a manifest names by `module:name`; imports the plugin's module.

    Raises:
        PluginBroken: the module raises, exits, or has no such name.
    """
    module, _, path = place.partition(":")
    try:
        found = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise _broken(repr(entry.display_name), entry.namespace, place, error) from error
    return found


def options(builder: Callable) -> dict[str, Any] | None:
    """A builder's options with their defaults.

    Returns:
        None where it takes just any (`**kwargs`), or is of C and does not say.
    """
    try:
        parameters = inspect.signature(builder).parameters.values()
    except ValueError:
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    unnamed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
    return {p.name: p.default for p in parameters if p.kind not in unnamed}


def import_modules(plugin: spec.Plugin, wanted: str) -> None:
    """Imports what a plugin's manifest declares, so that its Keras classes are registered."""
    for module in plugin.modules:
        try:
            importlib.import_module(module)
        except (Exception, SystemExit) as error:
            raise _broken(wanted, plugin.distribution, module, error) from error


def _broken(wanted: str, distribution: str, place: str, error: BaseException):
    plugin = catalog.index().plugin(distribution)
    version = plugin.version if plugin else ""
    cause = f"{type(error).__name__}: {error}"
    return errors.PluginBroken(wanted, f"{distribution} {version} ({place})", cause, distribution)


def _check_requirement(wanted: str, requirement: str) -> None:
    name, _, least = _REQUIREMENT.match(requirement).groups()
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        raise errors.MissingRequirement(wanted, requirement) from None
    if least and _release(version) < _release(least):
        raise errors.MissingRequirement(wanted, requirement, f"{name} {version}")


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.match(r"[\d.]*", version)[0].split(".") if part)
