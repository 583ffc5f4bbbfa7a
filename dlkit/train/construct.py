"""A recipe's model, built and compiled."""

import keras
import tensorflow as tf

from dlkit import registry
from dlkit.data.source import Source
from dlkit.inspection import depth
from dlkit.registry.errors import DlkitError
from dlkit.tasks.base import Task
from dlkit.train import optimizers, schedules, stepwise
from dlkit.train.recipe import Recipe

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def compiled(recipe: Recipe, task: Task, source: Source, steps: int, done: int = 0) -> keras.Model:
    """The recipe's model as it is before its first step; `steps` and `done` are `compile_for`'s."""
    made = model(recipe, task, source)
    compile_for(made, recipe, task, steps, done)
    return made


def model(recipe: Recipe, task: Task, source: Source) -> keras.Model:
    """The recipe's model for the data, with weights drawn from the recipe's seed."""
    options = {**task.model_options(source), **recipe.model_options}
    before = keras.config.dtype_policy()
    keras.utils.set_random_seed(recipe.seed)
    try:
        keras.config.set_dtype_policy(POLICIES[recipe.precision])
        built = registry.create_model(recipe.model, **options)
    finally:
        keras.config.set_dtype_policy(before)
    if not isinstance(built, keras.Model):
        raise DlkitError(
            f"the builder of {recipe.model!r} built a {type(built).__name__}, not a keras.Model.",
            f"See where it is: dlkit show {recipe.model}",
        )
    task.attach(built, source)
    return built


def compile_for(built: keras.Model, recipe: Recipe, task: Task, steps: int, done: int = 0) -> None:
    """Compiles a model with the recipe's optimizer and schedule and the task's loss and metrics.

    Args:
        built: the model.
        recipe: the recipe.
        task: its kind of problem.
        steps: steps an epoch.
        done: steps that the run goes on from.
    """
    levels = registry.model_info(recipe.model).levels
    if recipe.freeze:
        depth.freeze(built, recipe.freeze, levels)
    rate = schedules.learning_rate(
        recipe.schedule,
        recipe.optimizer.learning_rate,
        recipe.epochs * steps,
        round(recipe.warmup_epochs * steps),
        recipe.schedule_options,
    )
    layered = recipe.layer_decay != 1
    factors = depth.factors(built, recipe.layer_decay, levels) if layered else None
    optimizer = optimizers.make(recipe.optimizer, rate, built.trainable_variables, factors)
    if recipe.precision == "float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    at_once = stepwise.at_once(recipe.steps_per_execution, steps, done, replicas)
    options = task.compile_options(built)
    built.compile(optimizer=optimizer, steps_per_execution=at_once, **options)
