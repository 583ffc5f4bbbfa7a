"""Places in a model by their names: the registry's levels, or layers."""

from collections.abc import Sequence

import keras

from dlkit import registry
from dlkit.inspection import graph
from dlkit.inspection.errors import InspectionError
from dlkit.registry import errors, spec


def levels(model: keras.Model) -> dict[str, spec.Level]:
    """The levels of a model, from the registry's entry of its name, the finest first.

    Levels whose layers the model does not have are left out, as options of its builder may leave
    out some. Where a variant is named `{name}-{variant}`, it has its base's levels. A model that
    the registry does not know has none.
    """
    there = {layer.name for layer in graph.functional(model).layers}
    name = model.name
    while name:
        for entry in _entries(name):
            known = {key: level for key, level in entry.levels.items() if level.layer in there}
            if known:
                return dict(sorted(known.items(), key=lambda item: item[1].stride))
        name = name.rpartition("-")[0]
    return {}


def layer_at(model: keras.Model, place: str) -> str:
    """The name of the layer that gives a level, or of the layer of that very name.

    Raises:
        InspectionError: there is neither.
    """
    known = levels(model)
    if place in known:
        return known[place].layer
    names = [layer.name for layer in graph.functional(model).layers]
    if place in names:
        return place
    listed = f"Its levels are {', '.join(known)}." if known else "It has no levels."
    raise InspectionError(
        f"{model.name} has no level or layer {place!r}."
        f"{errors.suggestion(place, [*known, *names])} {listed}",
        f"Choose one, or a layer: {', '.join(known) or names[-1]}",
    )


def features(model: keras.Model, levels: str | Sequence[str] = ("C3", "C4", "C5")) -> keras.Model:
    """A flat model over the same layers that gives several levels' maps at once.

    ```python
    backbone = dlkit.features(dlkit.create_model("resnet50", num_classes=0))
    c3, c4, c5 = backbone(images)  # strides 8, 16 and 32
    ```

    Args:
        model: functional or sequential. Its levels are those of the registry's entry of its name.
        levels: names of levels or of layers, in the order wanted.

    Returns:
        A model from what `model` takes to the list of maps, `(batch, height, width, channels)`
        each, or to the map where there is one level; it shares its layers, and so its weights,
        with `model`.

    Raises:
        InspectionError: there is no such level or layer.
    """
    places = [levels] if isinstance(levels, str) else list(levels)
    if not places:
        raise InspectionError(f"{model.name}: features of no level.", "Name one: levels=('C5',)")
    plain = graph.functional(model)
    maps = [graph.output(plain, layer_at(model, place)) for place in places]
    given = maps if len(maps) > 1 else maps[0]
    return keras.Model(plain.input, given, name=f"{model.name}_features")


def last_map(model: keras.Model) -> str:
    """The layer of the last level whose map has more than one place; without levels, the last such.

    Raises:
        InspectionError: no layer gives a map.
    """
    plain = graph.functional(model)
    named = [level.layer for level in levels(model).values()]
    every = [layer.name for layer in plain.layers]
    for names in (named, every):
        for name in reversed(names):
            if _gives_map(plain.get_layer(name)):
                return name
    raise InspectionError(
        f"{model.name} has no layer that gives a map (batch, height, width, channels) of more "
        "than one place.",
        "Take a convolutional network, or larger images",
    )


def _gives_map(layer: keras.layers.Layer) -> bool:
    given = layer.output
    if isinstance(layer, keras.layers.InputLayer) or not isinstance(given, keras.KerasTensor):
        return False
    return len(given.shape) == 4 and tuple(given.shape[1:3]) != (1, 1)


def _entries(name: str) -> list[registry.Spec]:
    """The registered models of a bare name, dlkit's own first."""
    every = registry.list_specs("model", deprecated=True)
    found = [entry for entry in every if name in (entry.name, *entry.aliases)]
    return sorted(found, key=lambda entry: entry.namespace not in spec.FIRST_PARTY)
