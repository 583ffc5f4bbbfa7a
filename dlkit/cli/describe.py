"""A spec as a page of text, or as plain values: what `dlkit show` says."""

import dataclasses
from collections.abc import Iterator

from dlkit import registry
from dlkit.cli import locate, output
from dlkit.registry import errors

_INDENT = "  "


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """A spec with what is known around it.

    Attributes:
        entry: the spec.
        version: of the distribution that brings it.
        place: where its code is; None where it is not to be found.
        recipes: how it is best trained, or what is trained on it.
        published: the weights that were asked for by their tag.
    """

    entry: registry.Spec
    version: str
    place: locate.Place | None
    recipes: tuple[registry.RecipeSpec, ...]
    published: registry.Weights | None = None


def as_dict(known: Known) -> dict:
    """The spec's fields, and `version, file, line, options, recipes`."""
    place = known.place or locate.Place("")
    return known.entry.as_dict() | {
        "version": known.version,
        "file": place.file or None,
        "line": place.line or None,
        "options": place.options,
        "recipes": [recipe.display_name for recipe in known.recipes],
    }


def as_text(known: Known) -> str:
    """A heading, the summary, then one line or more for each thing that is known."""
    entry = known.entry
    owner = f"{entry.namespace} {known.version}".rstrip()
    lines = [
        output.clean(f"{entry.display_name}: {errors.label(entry.kind)} of {owner}"),
        _INDENT + output.clean(entry.summary),
        "",
    ]
    facts = [(label, [output.printable(line) for line in text]) for label, text in _facts(known)]
    width = max((len(label) for label, _ in facts), default=0)
    for label, text in facts:
        for i, line in enumerate(text):
            lines.append(f"{_INDENT}{label if i == 0 else '':{width}}  {line}".rstrip())
    return "\n".join(lines)


def _facts(known: Known) -> Iterator[tuple[str, list[str]]]:
    entry = known.entry
    if entry.deprecated:
        yield "deprecated", [entry.deprecated]
    if getattr(entry, "task", ""):
        yield "task", [entry.task]
    if isinstance(entry, registry.ModelSpec):
        yield from _of_model(entry)
        if known.published:
            yield from _of_published(entry, known.published)
    elif isinstance(entry, registry.DatasetSpec):
        yield from _of_dataset(entry)
    elif isinstance(entry, registry.RecipeSpec):
        yield from _of_recipe(entry)
    for label in ("tags", "aliases", "requires"):
        if getattr(entry, label):
            yield label, [", ".join(getattr(entry, label))]
    for recipe in known.recipes:
        yield "recipe", [f"{recipe.display_name}: {recipe.summary}"]
    yield from _of_code(entry, known.place)


def _of_model(model: registry.ModelSpec) -> Iterator[tuple[str, list[str]]]:
    trainable, held = output.amount(model.params), output.amount(model.variables)
    more = f" trainable, {held} in all" if model.variables != model.params else ""
    yield "parameters", [trainable + more]
    yield from _of_images(model)
    if model.paper:
        yield "paper", [f"{model.paper.title} ({model.paper.year})", model.paper.link]
    if model.license:
        yield "license", [model.license]
    if model.levels:
        rows = [
            (name, level.layer, str(level.stride), str(level.channels))
            for name, level in model.levels.items()
        ]
        headings = ("level", "layer", ">stride", ">channels")
        yield "levels", output.table(headings, rows).splitlines()
    if model.weights:
        rows = [_of_weights(model, weights) for weights in model.weights]
        yield "weights", output.table(("", "", "", ""), rows).splitlines()[1:]


def _of_weights(model: registry.ModelSpec, weights: registry.Weights) -> tuple[str, ...]:
    size = f"{weights.size / 1e6:.1f} MB" if weights.size else ""
    metrics = ", ".join(f"{name} {value}" for name, value in weights.metrics.items())
    return f"{model.display_name}@{weights.tag}", size, weights.license, metrics


def _of_published(
    model: registry.ModelSpec, weights: registry.Weights
) -> Iterator[tuple[str, list[str]]]:
    name = f"{model.display_name}@{weights.tag}"
    yield weights.tag, [weights.url, weights.hash]
    if weights.config:
        built = ", ".join(f"{option}={value!r}" for option, value in weights.config.items())
        yield "built with", [built]
    if weights.preprocessing:
        cut = ", ".join(f"{word} {value}" for word, value in weights.preprocessing.items())
        yield "images", [cut]
    yield "take them", [f"dlkit.create_model({name!r})"]


def _of_dataset(dataset: registry.DatasetSpec) -> Iterator[tuple[str, list[str]]]:
    if dataset.splits:
        rows = [f"{name} {output.amount(count)}" for name, count in dataset.splits.items()]
        yield "splits", [", ".join(rows)]
    yield from _of_images(dataset)
    for label in ("license", "url"):
        if getattr(dataset, label):
            yield label, [getattr(dataset, label)]


def _of_images(
    entry: registry.ModelSpec | registry.DatasetSpec,
) -> Iterator[tuple[str, list[str]]]:
    if entry.input_shape:
        yield "input", [output.shape(entry.input_shape)]
    if entry.num_classes:
        yield "classes", [output.amount(entry.num_classes)]


def _of_recipe(recipe: registry.RecipeSpec) -> Iterator[tuple[str, list[str]]]:
    yield "model", [recipe.model]
    yield "dataset", [recipe.dataset]
    if recipe.settings:
        yield "settings", [f"{path} = {value!r}" for path, value in recipe.settings.items()]
    yield "train it", [f"dlkit train {recipe.model} --dataset {recipe.dataset}"]


def _of_code(entry: registry.Spec, place: locate.Place | None) -> Iterator[tuple[str, list[str]]]:
    if place is None:
        yield "code", [f"{entry.build} (its file was not found)"]
        return
    if place.options:
        yield "options", [f"{name}={default}" if default else name
                          for name, default in place.options.items()]  # fmt: skip
    elif place.options is None and entry.build:
        yield "options", ["not to be seen without running its code"]
    yield "code", [f"{place.file}:{place.line}" if place.line else place.file]
