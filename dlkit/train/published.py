"""The recipes that plugins publish: which `[[recipe]]` of a manifest is for a model."""

from dlkit import registry
from dlkit.registry import spec


def recipe(model: spec.ModelSpec, dataset: str | None) -> spec.RecipeSpec | None:
    """The first recipe that a manifest carries for the model (and the dataset); None without.

    Without a dataset, recipes for those tagged `user-data`, which are nowhere but in a folder of
    the user's, are passed over: `dlkit train NAME` alone can always begin.

    Raises:
        DlkitError: there is no such dataset.
    """
    wanted = None if dataset is None else registry.find("dataset", dataset).full_name
    for entry in registry.list_specs("recipe"):
        if _is(entry, entry.model, model) and _suits(entry, wanted):
            return entry
    return None


def _suits(entry: spec.RecipeSpec, wanted: str | None) -> bool:
    """Whether a recipe is for the dataset; by default, one that needs nothing of the user's."""
    dataset = _dataset(entry)
    return "user-data" not in dataset.tags if wanted is None else wanted == dataset.full_name


def _is(entry: spec.RecipeSpec, name: str, model: spec.ModelSpec) -> bool:
    """Whether a name in a manifest means the model: bare ones mean the manifest's own first."""
    return name in (model.full_name, model.display_name) or (
        name == model.name and entry.namespace == model.namespace
    )


def _dataset(entry: spec.RecipeSpec) -> spec.Spec:
    """What a recipe's dataset means: bare names mean the manifest's own first."""
    found = registry.list_specs("dataset", plugin=entry.namespace)
    own = [dataset for dataset in found if dataset.name == entry.dataset]
    return own[0] if own else registry.find("dataset", entry.dataset)
