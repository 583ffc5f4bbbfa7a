"""A recipe: everything that decides how a run comes out, as frozen data.

It comes from defaults, the plugins' `[[recipe]]` tables, a YAML file and `--set a.b=c`, in this
order, and is written in full to the run's `config.yaml`. Names in it are the registry's; it can
name no module and no function.
"""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from dlkit import registry
from dlkit.registry import errors
from dlkit.train import fields, optimizer_options, published, recipe_file, yaml_text
from dlkit.train import schedule_options as schedules
from dlkit.train import settings as by_path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizer:
    """The rule that turns gradients into steps.

    Attributes:
        name: `adam`, `adamw`, `sgd`, `rmsprop`, `lion` or `lamb`.
        learning_rate: the peak of the schedule, per step.
        momentum: of `sgd` and `rmsprop`; the others ignore it.
        nesterov: whether `sgd` looks ahead.
        epsilon: what keeps the quotient of `adam`, `adamw`, `lamb` and `rmsprop` finite; 0 is
            Keras' own, 1e-7 (1e-6 for `lamb`).
        weight_decay: decoupled, times the learning rate; biases and norms are left out.
        clipnorm: the largest gradient norm a weight may have; 0 does not clip.
        global_clipnorm: the largest that all weights together may have.
        clipvalue: the largest absolute value in a gradient. Only one of the three may be given.
        accumulate: batches whose gradients are averaged for one update.
        ema_momentum: of the averaged weights that are judged and kept; 0 keeps none.
    """

    name: str = fields.choice(*optimizer_options.NAMES)
    learning_rate: float = fields.number(1e-3, above=0.0)
    momentum: float = fields.number(0.9, least=0.0, below=1.0)
    nesterov: bool = fields.boolean(False)
    epsilon: float = fields.number(0.0, least=0.0)
    weight_decay: float = fields.number(0.0, least=0.0)
    clipnorm: float = fields.number(0.0, least=0.0)
    global_clipnorm: float = fields.number(0.0, least=0.0)
    clipvalue: float = fields.number(0.0, least=0.0)
    accumulate: int = fields.integer(1, least=1)
    ema_momentum: float = fields.number(0.0, least=0.0, below=1.0)

    def __post_init__(self):
        fields.check(self, "optimizer.")
        optimizer_options.check(self)


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
        schedule: `cosine` (to zero), `constant`, `step` (a tenth at 50 % and 75 %), `exponential`,
            `polynomial` or `one-cycle`.
        schedule_options: how, where not so: see `dlkit.train.schedule_options`.
        warmup_epochs: epochs of linear rise before the schedule.
        freeze: a level, a layer's name or a pattern; what leads to it does not learn.
        layer_decay: how much less each stage moves than the one above it; 1 alike.
        augment: names of `dlkit.data.augment`, joined by `+`.
        mixup, cutmix: α of Beta(α, α), by which images of a batch are mixed; 0 does not.
        label_smoothing: the share of each label that goes to all classes alike.
        cache: `memory`, or a folder for decoded images; None decodes anew each time.
        precision: `float32`, `bfloat16` or `float16`; the last two keep float32 weights.
        early_stopping: epochs without a better monitored value before it stops; 0 never.
        class_weights: weigh rare classes up, n / (classes · count).
        max_time: seconds after which training stops at the end of a step; 0 has no limit.
        limit_batches: only so many batches an epoch; 0 takes all.
        steps_per_execution: at most so many steps run at once, without Python in between; quicker
            where steps are short. What divides an epoch's steps is taken.
        save_every: how often a checkpoint is written: `200steps`, `2min`, `1epoch`; `auto` does it
            after an epoch, if that takes less than half a percent of the time since the last, and
            first after ten seconds.
        data: a folder or file of the user's, for datasets that take one.
        data_options: further options of the dataset's builder, plain data.
        model_options: further options of the model's builder, plain data.

    Every value is kept as a plain Python one, whatever NumPy or pathlib made of it, and tuples as
    lists: a recipe equals the one that is read from what it writes.

    Raises:
        UsageError: a value is not of its field's type or range.
    """

    model: str = fields.text()
    dataset: str = fields.text()
    epochs: int = fields.integer(20, least=1)
    batch_size: int = fields.integer(32, least=1)
    image_size: int | None = fields.integer(None, least=1, optional=True)
    seed: int = fields.integer(0, least=0, most=2**32 - 1)
    optimizer: Optimizer = fields.table(Optimizer, "optimizer")  # noqa: RUF009 (a field too)
    schedule: str = fields.choice(*schedules.NAMES)
    schedule_options: Mapping[str, Any] = fields.options()
    warmup_epochs: float = fields.number(0.0, least=0.0)
    freeze: str | None = fields.text(None, optional=True)
    layer_decay: float = fields.number(1.0, above=0.0)
    augment: str = fields.text("none")
    mixup: float = fields.number(0.0, least=0.0)
    cutmix: float = fields.number(0.0, least=0.0)
    label_smoothing: float = fields.number(0.0, least=0.0, below=1.0)
    cache: str | None = fields.path()
    precision: str = fields.choice("float32", "bfloat16", "float16")
    early_stopping: int = fields.integer(0, least=0)
    class_weights: bool = fields.boolean(False)
    max_time: float = fields.number(0.0, least=0.0)
    limit_batches: int = fields.integer(0, least=0)
    steps_per_execution: int = fields.integer(1, least=1)
    save_every: str = fields.cadence("auto")
    data: str | None = fields.path()
    data_options: Mapping[str, Any] = fields.options()
    model_options: Mapping[str, Any] = fields.options()

    def __post_init__(self):
        fields.check(self)
        schedules.read(self.schedule, self.schedule_options, self.warmup_epochs)

    @classmethod
    def load(cls, name: str | os.PathLike, /, dataset: str | None = None, **settings) -> "Recipe":
        """The recipe of a model, or of a YAML file.

        Args:
            name: a registered model; or a file, as a string that ends in `.yaml` or `.yml`, or as
                a `pathlib.Path`.
            dataset: picks the model's recipe for that dataset; by default its first for data that
                need no folder of the user's, or else plain settings on the task's own data.
            **settings: fields to replace; dotted ones as `**{"optimizer.name": "sgd"}`.

        Raises:
            DlkitError: the model, the dataset or a field is unknown.
        """
        if isinstance(name, os.PathLike) or str(name).endswith(recipe_file.SUFFIXES):
            return cls.from_yaml(name, dataset, **settings)
        return cls._of_model(name, dataset, settings)

    @classmethod
    def _of_model(cls, name: str, dataset: str | None, settings: Mapping[str, Any]) -> "Recipe":
        model = registry.find("model", name)
        bare, asked, tag = name.partition("@")
        if asked:
            raise errors.UsageError(
                f"{name!r}: a recipe names its model without weights.",
                f"Say them apart: model={bare} --set model_options.weights={tag}",
            )
        own = published.recipe(model, dataset)
        default = registry.create("task", model.task).default_dataset if not own else own.dataset
        chosen = registry.find("dataset", default if dataset is None else dataset).display_name
        recipe = cls(model=model.display_name, dataset=chosen)
        if own:
            try:
                recipe = recipe.replace(**own.settings)
            except errors.UsageError as error:
                raise errors.within(own.where, error) from error
        return recipe.replace(**settings)

    @classmethod
    def from_yaml(
        cls, path: str | os.PathLike, /, dataset: str | None = None, **settings
    ) -> "Recipe":
        """Reads a file that `to_yaml` wrote, or one by hand with only some of the fields.

        Args:
            path: the file, whatever its name ends in.
            dataset: in the place of the file's.
            **settings: fields to replace, as in `load`.

        Raises:
            UsageError: the file cannot be read, is no recipe, or says what no field takes.
            DlkitError: the model or the dataset is unknown.
        """
        if dataset is not None:
            registry.find("dataset", dataset)  # the caller's word, not the file's
        values = recipe_file.read(path)
        model, own = values.pop("model"), values.pop("dataset", None)
        try:
            recipe = cls._of_model(model, own if dataset is None else dataset, values)
        except errors.DlkitError as error:
            raise errors.within(path, error) from error
        return recipe.replace(**settings)

    def to_yaml(self) -> str:
        """Every field with its value, defaults included."""
        return yaml_text.dump(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Nested plain values."""
        return dataclasses.asdict(self)

    def replace(self, /, **settings: Any) -> "Recipe":
        """A copy with other values; `optimizer.name` reaches inside, and so does a table.

        Raises:
            UsageError: there is no such field; the nearest is suggested.
        """
        return by_path.replace(self, settings)
