"""Is the plugin as a whole sound: what it declares, and what it does to its host?"""

import importlib
import inspect
import json
import pathlib
import sys
import tempfile
from collections.abc import Iterator

import keras

from dlkit import registry
from dlkit.registry import spec
from dlkit.testing import process, static
from dlkit.testing.verdict import CheckFailed, expect, some
from dlkit.train import recipe

SERIALIZED = (
    keras.layers.Layer,
    keras.Loss,
    keras.Metric,
    keras.Initializer,
    keras.Regularizer,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
)
"""What Keras writes into a model file by its registered name."""

HEAVY = ("tensorflow", "keras", "numpy", "matplotlib", "rich")


def manifest(plugin: spec.Plugin) -> None:
    """Its manifest is valid, and every module that it names is there."""
    expect(plugin.state == "ok", f"the plugin is {plugin.state}: {plugin.problem}")
    problems = static.entry_problems(plugin.specs)
    expect(not problems, "\n".join(str(problem) for problem in problems))


def builders(plugin: spec.Plugin) -> None:
    """Every entry's function is there, and its signature says what it takes."""
    wrong = [
        f"{entry.build} ({entry.name}): {problem}"
        for entry in plugin.specs
        if entry.build
        for problem in _signature_problems(entry)
    ]
    expect(not wrong, "\n".join(wrong))


def _signature_problems(entry: spec.Spec) -> Iterator[str]:
    kinds = inspect.Parameter
    for name, parameter in inspect.signature(registry.target(entry)).parameters.items():
        if parameter.kind in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL):
            stars = "**" if parameter.kind is kinds.VAR_KEYWORD else "*"
            yield f"{stars}{name} hides what it takes; name every option"
        elif parameter.kind is kinds.POSITIONAL_ONLY:
            yield f"{name} is positional only; options are given by name"
        elif parameter.default is kinds.empty:
            yield f"{name} has no default; the default build must need no options"


def listing_imports_nothing(plugin: spec.Plugin) -> None:
    """Listing models imports neither the plugin nor a framework."""
    code = (
        "import json, sys, dlkit\n"
        "dlkit.list_models(); dlkit.plugins()\n"
        "print(json.dumps(sorted(name.partition('.')[0] for name in sys.modules)))\n"
    )
    loaded = set(json.loads(process.output(code)))
    own = {name.partition(".")[0] for name in plugin.modules} - {"dlkit"}
    found = sorted(loaded & (own | set(HEAVY)))
    expect(not found, f"listing models imported {some(found)}")


def serial_package(plugin: spec.Plugin) -> None:
    """Every Keras class of the plugin is registered under its prefix, and no two under one name."""
    for name in plugin.modules:
        importlib.import_module(name)
    for entry in plugin.specs:
        if entry.build:
            registry.target(entry)
    prefix = f"{plugin.serial_package}>"
    for cls in _classes({name.partition(".")[0] for name in plugin.modules}):
        registered = keras.saving.get_registered_name(cls)
        where = f"{cls.__module__}.{cls.__qualname__}"
        if not registered.startswith(prefix):
            state = f"is registered as {registered!r}" if ">" in registered else "is not registered"
            raise CheckFailed(
                f"{where} {state}; a saved model that holds it cannot be loaded. Decorate it:\n"
                f'  @keras.saving.register_keras_serializable(package="{plugin.serial_package}")'
            )
        other = keras.saving.get_registered_object(registered)
        expect(
            other is cls,
            f"{where} and {getattr(other, '__module__', '?')}.{getattr(other, '__qualname__', '?')}"
            f" are both registered as {registered!r}; Keras keeps the last and says nothing",
        )


def _classes(tops: set[str]) -> list[type]:
    """The classes that Keras serializes, defined in imported modules of these packages."""
    found = {
        cls
        for name, module in list(sys.modules.items())
        if module is not None and name.partition(".")[0] in tops
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, SERIALIZED) and cls.__module__ == name
    }
    return sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__))


def recipe_roundtrip(plugin: spec.Plugin) -> None:
    """Every recipe names what there is, and comes back from its YAML file as it was."""
    own = {entry.name: entry.full_name for entry in plugin.specs if entry.kind == "model"}
    for entry in plugin.specs:
        if isinstance(entry, spec.RecipeSpec):
            loaded = recipe.Recipe.load(own.get(entry.model, entry.model), entry.dataset)
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "recipe.yaml")
                path.write_text(loaded.to_yaml(), "utf-8")
                again = recipe.Recipe.from_yaml(path)
            expect(again == loaded, f"recipe {entry.name!r} comes back from YAML as {again}")


ALL = (manifest, builders, listing_imports_nothing, serial_package, recipe_roundtrip)
