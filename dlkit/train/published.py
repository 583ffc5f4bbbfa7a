"""The recipes that plugins publish: which `[[recipe]]` of a manifest is for a model."""

from dlkit import registry
from dlkit.registry import spec


def recipe(model: spec.ModelSpec, dataset: str | None) -> spec.RecipeSpec | None:
    """The first recipe that a manifest carries for the model (and the dataset); None without.

    Raises:
        DlkitError: there is no such dataset.
    """
    wanted = None if dataset is None else registry.find("dataset", dataset).full_name
    for entry in registry.list_specs("recipe"):
        if _is(entry, entry.model, model) and wanted in (None, _full("dataset", entry)):
            return entry
    return None


def _is(entry: spec.RecipeSpec, name: str, model: spec.ModelSpec) -> bool:
    """Whether a name in a manifest means the model: bare ones mean the manifest's own first."""
    return name in (model.full_name, model.display_name) or (
        name == model.name and entry.namespace == model.namespace
    )


def _full(kind: str, entry: spec.RecipeSpec) -> str:
    own = [s for s in registry.list_specs(kind, plugin=entry.namespace) if s.name == entry.dataset]
    return (own[0] if own else registry.find(kind, entry.dataset)).full_name
