"""A recipe's data: where it lies, what is read from it, and the streams that training takes."""

import pathlib

from dlkit import registry
from dlkit.data import augment
from dlkit.data.source import Source
from dlkit.tasks.base import Task
from dlkit.train import cache
from dlkit.train.recipe import Recipe
from dlkit.train.stream import Stream


def with_whole_paths(recipe: Recipe) -> Recipe:
    """The recipe with absolute paths: its run is looked at from other folders later."""
    given = {"data": recipe.data}
    if recipe.cache != cache.MEMORY:
        given["cache"] = recipe.cache
    paths = {name: pathlib.Path(path).expanduser() for name, path in given.items() if path}
    return recipe.replace(**{name: path.absolute() for name, path in paths.items()})


def source(recipe: Recipe) -> Source:
    """The recipe's dataset, in the size that its model takes, cached as it asks."""
    augment.find(recipe.augment)  # to read data may take minutes, too long to hear of a wrong name
    given = {"data": recipe.data, "image_size": _image_size(recipe)}
    options = {key: value for key, value in given.items() if value is not None}
    made = registry.create("dataset", recipe.dataset, **options, **recipe.data_options)
    return cache.cached(made, recipe.cache)


def training(recipe: Recipe, task: Task, data: Source, replicas: int = 1) -> Stream:
    """The training split: shuffled, augmented, seekable; `replicas` share each batch."""
    return Stream(
        data,
        "train",
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        augment=recipe.augment,
        mixup=recipe.mixup,
        cutmix=recipe.cutmix,
        label_smoothing=recipe.label_smoothing,
        limit_batches=recipe.limit_batches or None,
        replicas=replicas,
        **task.stream_options(data, recipe),
    )


def validation(recipe: Recipe, data: Source, replicas: int = 1) -> Stream:
    """The validation split, in its own order."""
    return Stream(
        data,
        "val",
        shuffle=False,
        batch_size=recipe.batch_size,
        limit_batches=recipe.limit_batches or None,
        replicas=replicas,
    )


def _image_size(recipe: Recipe) -> int | None:
    """The recipe's, or the model's own."""
    if recipe.image_size:
        return recipe.image_size
    shape = registry.model_info(recipe.model).input_shape
    return shape[0] if shape else None
