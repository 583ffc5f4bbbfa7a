"""What differs from replica to replica: each has its own sums of metrics and its own seeds.

A variable of a distributed model is several variables, one on each device. Those of weights and
optimizers are alike. The sums of metrics are not, and reading them as one adds them up, over
workers too; so they are read and written one by one, where they are.
"""

from collections.abc import Iterator, Mapping

import keras
import numpy as np
import tensorflow as tf

from dlkit.train import cluster

SEED = "seed_generator_state"  # the name that Keras gives the state of a SeedGenerator


def components(variable: keras.Variable) -> tuple[tf.Variable, ...]:
    """A variable's parts on this process's replicas; of a plain one, itself."""
    value = variable.value
    strategy = getattr(value, "distribute_strategy", None)
    return strategy.experimental_local_results(value) if strategy else (value,)


def read(variable: tf.Variable) -> np.ndarray:
    """A copy of a variable's value, in half the time that its own `numpy()` takes."""
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype).numpy()


def values(key: str, variable: keras.Variable) -> Iterator[tuple[str, np.ndarray]]:
    """What a checkpoint keeps of a variable: `key`, and `key@1`, … where other replicas differ."""
    first, *others = (read(component) for component in components(variable))
    yield key, first
    for i, value in enumerate(others, start=1):
        if value.tobytes() != first.tobytes():
            yield f"{key}@{i}", value


def pairs(
    key: str, variable: keras.Variable, saved: Mapping[str, np.ndarray]
) -> Iterator[tuple[tf.Variable, np.ndarray]]:
    """Each replica's part of a variable, and what `values` had of it."""
    for i, component in enumerate(components(variable)):
        yield component, saved.get(f"{key}@{i}", saved[key])


def local(strategy: tf.distribute.Strategy) -> range:
    """The numbers of this process's replicas among all."""
    there = workers(strategy)
    each = strategy.num_replicas_in_sync // len(there)
    return range(there.index * each, (there.index + 1) * each)


def workers(strategy: tf.distribute.Strategy) -> cluster.Cluster:
    """The processes that share a strategy."""
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return cluster.current() if several else cluster.Cluster()


def separate_seeds(model: keras.Model, first: int) -> None:
    """Lets the random layers of each replica draw numbers of their own.

    All replicas begin with one seed, and would drop the same units of their different rows.

    Args:
        model: just built, or with the seeds of the first replica; a checkpoint that is restored
            later brings its own along.
        first: the number of this process's first replica among all; that of 0 keeps its seeds.
    """
    for variable in model.variables:
        if variable.name != SEED:
            continue
        for i, component in enumerate(components(variable)):
            seed, counter = (int(value) for value in component.numpy())
            replica = (seed + first + i) % 2**32
            component.assign(np.array([replica, counter]).astype(variable.dtype))
