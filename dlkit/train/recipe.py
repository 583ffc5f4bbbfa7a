"""A recipe: everything that decides how a run comes out, as frozen data.

It comes from defaults, the plugins' `[[recipe]]` tables, a YAML file and `--set a.b=c`, in this
order, and is written in full to the run's `config.yaml`. Names in it are the registry's; it can
name no module and no function.
"""

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import yaml

from dlkit import registry
from dlkit.registry import errors, spec
from dlkit.train import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizer:
    """The rule that turns gradients into steps.

    Attributes:
        name: `adam`, `adamw`, `sgd` or `rmsprop`.
        learning_rate: the peak of the schedule, per step.
        momentum: of `sgd` (Nesterov's is not used) and `rmsprop`; the others ignore it.
        weight_decay: decoupled, times the learning rate; biases and norms are left out.
        clipnorm: the largest gradient norm a weight may have; 0 does not clip.
    """

    name: str = fields.choice("adam", "adamw", "sgd", "rmsprop")
    learning_rate: float = fields.number(1e-3, above=0.0)
    momentum: float = fields.number(0.9, least=0.0, below=1.0)
    weight_decay: float = fields.number(0.0, least=0.0)
    clipnorm: float = fields.number(0.0, least=0.0)

    def __post_init__(self):
        fields.check(self, "optimizer.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train a model on a dataset.

    Attributes:
        model: a registered model, as one types it.
        dataset: a registered dataset.
        epochs: passes over the training split.
        batch_size: images a step.
        image_size: height and width in pixels; None takes the model's own.
        seed: of weights, order and augmentation; never of the split.
        optimizer: see `Optimizer`.
        schedule: `constant`, `cosine` (to zero) or `step` (a tenth at 50 % and 75 %).
        warmup_epochs: epochs of linear rise before a cosine.
        augment: a name of `dlkit.data.augment`.
        precision: `float32`, `bfloat16` or `float16`; the last two keep float32 weights.
        early_stopping: epochs without a better monitored value before it stops; 0 never.
        class_weights: weigh rare classes up, n / (classes · count).
        max_time: seconds after which training stops at the end of a step; 0 has no limit.
        limit_batches: only so many batches an epoch; 0 takes all.
        data: a folder or file of the user's, for datasets that take one.
        data_options: further options of the dataset's builder.
        model_options: further options of the model's builder.

    Raises:
        UsageError: a value is not of its field's type or range.
    """

    model: str = fields.text()
    dataset: str = fields.text()
    epochs: int = fields.integer(20, least=1)
    batch_size: int = fields.integer(32, least=1)
    image_size: int | None = fields.integer(None, least=1, optional=True)
    seed: int = fields.integer(0, least=0, most=2**32 - 1)
    optimizer: Optimizer = dataclasses.field(default_factory=Optimizer)
    schedule: str = fields.choice("cosine", "constant", "step")
    warmup_epochs: float = fields.number(0.0, least=0.0)
    augment: str = fields.text("none")
    precision: str = fields.choice("float32", "bfloat16", "float16")
    early_stopping: int = fields.integer(0, least=0)
    class_weights: bool = fields.boolean(False)
    max_time: float = fields.number(0.0, least=0.0)
    limit_batches: int = fields.integer(0, least=0)
    data: str | None = fields.text(None, optional=True)
    data_options: Mapping[str, Any] = fields.options()
    model_options: Mapping[str, Any] = fields.options()

    def __post_init__(self):
        fields.check(self)
        if self.warmup_epochs and self.schedule != "cosine":
            raise errors.UsageError(
                f"warmup_epochs={self.warmup_epochs:g} needs a cosine schedule, not "
                f"{self.schedule!r}.",
                "Choose: --set schedule=cosine",
            )

    @classmethod
    def load(cls, name: str | os.PathLike, /, dataset: str | None = None, **settings) -> "Recipe":
        """The recipe of a model, or of a YAML file.

        Args:
            name: a registered model, or a path that ends in `.yaml` or `.yml`.
            dataset: picks the model's recipe for that dataset; by default its first.
            **settings: fields to replace; dotted ones as `**{"optimizer.name": "sgd"}`.

        Raises:
            DlkitError: the model, the dataset or a field is unknown.
        """
        if str(name).endswith((".yaml", ".yml")):
            recipe = cls.from_yaml(name)
            return recipe.replace(**({"dataset": dataset} if dataset else {}) | settings)
        model = registry.model_info(str(name))
        own = _published(model, dataset)
        default = registry.create("task", model.task).default_dataset if not own else own.dataset
        chosen = registry.find("dataset", dataset or default).display_name
        recipe = cls(model=model.display_name, dataset=chosen)
        return recipe.replace(**(dict(own.settings) if own else {}) | settings)

    @classmethod
    def from_yaml(cls, path: str | os.PathLike) -> "Recipe":
        """Reads a file that `to_yaml` wrote, or one by hand with only some of the fields."""
        try:
            values = yaml.safe_load(pathlib.Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise errors.UsageError(f"{path}: cannot be read ({error.strerror}).") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise errors.UsageError(f"{path}: is not YAML: {error}") from None
        if not isinstance(values, dict) or not isinstance(values.get("model"), str):
            raise errors.UsageError(
                f"{path}: model: missing; a recipe is a table with at least a model.",
                "Begin it with a line: model: lenet5",
            )
        rest = {key: value for key, value in values.items() if key not in ("model", "dataset")}
        try:
            return cls.load(values["model"], values.get("dataset"), **rest)
        except errors.UsageError as error:
            raise errors.UsageError(f"{path}: {error.message}", error.fix) from None

    def to_yaml(self) -> str:
        """Every field with its value, defaults included."""
        return yaml.safe_dump(self.as_dict(), sort_keys=False, allow_unicode=True)

    def as_dict(self) -> dict[str, Any]:
        """Nested plain values."""
        return dataclasses.asdict(self)

    def replace(self, **settings: Any) -> "Recipe":
        """A copy with other values; `optimizer.name` reaches inside, and so does a table.

        Raises:
            UsageError: there is no such field; the nearest is suggested.
        """
        return fields.replace(self, settings)


def _published(model: spec.ModelSpec, dataset: str | None) -> spec.RecipeSpec | None:
    """The first recipe that a manifest carries for the model (and the dataset)."""
    wanted = registry.find("dataset", dataset).full_name if dataset else None
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
