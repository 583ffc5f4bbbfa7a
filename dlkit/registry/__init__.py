"""Names -> specs -> objects. Reading it costs no framework; only building does.

`discovery` finds plugins and `manifest` reads them; `catalog` keeps what was found; `resolve` says
what a name means; `build` calls the builder; `saved` loads `.keras` files.
"""

from dlkit.registry import errors
from dlkit.registry.build import create, create_model, options, target
from dlkit.registry.catalog import Index, index, note, plugins, refresh
from dlkit.registry.errors import DlkitError, UsageError
from dlkit.registry.local import register_model
from dlkit.registry.resolve import find, list_specs, parse
from dlkit.registry.saved import load_model
from dlkit.registry.spec import DatasetSpec, ModelSpec, Paper, Plugin, RecipeSpec, Spec, Weights

__all__ = [
    "DatasetSpec", "DlkitError", "Index", "ModelSpec", "Paper", "Plugin", "RecipeSpec", "Spec",
    "UsageError", "Weights", "create", "create_model", "find", "index", "list_models",
    "list_specs", "load_model", "model_info", "note", "options", "parse", "plugins", "refresh",
    "register_model", "target",
]  # fmt: skip


def list_models(
    pattern: str = "*",
    *,
    task: str | None = None,
    plugin: str | None = None,
    pretrained: bool | str | None = None,
    deprecated: bool = False,
) -> list[str]:
    """The names of models, as one would type them: `list_models("resnet*")`.

    Args:
        pattern: a shell pattern on the name; with a `/` in it, on the full name.
        task: only that task's, e.g. `"image-classification"`.
        plugin: only that distribution's.
        pretrained: True: only with published weights; a string: only with that tag.
        deprecated: also what should no longer be used.
    """
    specs = list_specs(
        "model", pattern, task=task, plugin=plugin, pretrained=pretrained, deprecated=deprecated
    )
    return [entry.display_name for entry in specs]


def model_info(name: str) -> ModelSpec:
    """What is known of a model without building it; loads no framework.

    Raises:
        UnknownName: no model has the name.
        UnknownWeights: a tag follows, as in `resnet50@keras-imagenet`, that it has no weights of.
    """
    entry = find("model", name)
    _, asked, tag = name.partition("@")
    if asked and tag not in entry.pretrained:
        raise errors.UnknownWeights(entry.display_name, tag, entry.pretrained)
    return entry
