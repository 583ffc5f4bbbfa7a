"""What Keras 3's trainer lacks under `tf.distribute`, put onto one model by its private names.

Nothing of Keras itself is changed. `attach` gives one model its own

* `make_train_function` and `make_test_function`: Keras reduces a step's logs over workers along an
  axis that scalars do not have, and fails (keras#20585). Here they are averaged, so that every
  worker sees the same logs and its callbacks decide alike.
* `_maybe_symbolic_build`: Keras averages a batch over the replicas to learn its shape, which fails
  for several workers and for parts of unequal size. Here the first replica's part is enough. Once
  shapes are known, a loss that is one number is refused: Keras weighs by 1/R only what it has
  averaged itself.

and its optimizer

* `scale_loss`: Keras weighs each replica's mean loss by 1/R, which is wrong where the n rows of a
  batch are cut into unequal parts. Here replica r counts as its rows, n_r/n. The loss is weighed
  and not the gradient, since synchronized batch norm sends gradients from one replica to another.
* `apply`: Keras clips, and looks for infinities, before it sums the gradients over the replicas.
  Here they are summed first, so that the norm that is clipped is that of the whole batch.

`leave_sums_out` gives an optimizer its own `_all_reduce_sum_gradients`: Keras' sums over a single
replica too, in a custom gradient, which TensorFlow registers for good, and with it the graph of the
step and every variable of a model that is long gone (tensorflow#80895).
"""

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from dlkit.registry.errors import DlkitError
from dlkit.train.votes import Votes

TESTED = ("3.15.",)
_MODEL = ("_flatten_layers", "_maybe_symbolic_build", "_symbolic_build", "make_test_function",
          "make_train_function", "test_step", "train_step")  # fmt: skip
_OPTIMIZER = ("_all_reduce_sum_gradients", "apply", "scale_loss")

_replica = threading.local()  # each replica of a process is traced in a thread of its own


def attach(model: keras.Model, votes: Votes | None = None) -> None:
    """Makes `fit` and `evaluate` of a model with several replicas equal those with one.

    Args:
        model: compiled, and made in its strategy's scope.
        votes: what travels with the steps of several workers.
    """

    def make_train_function(force: bool = False) -> None:
        if force or model.train_function is None:
            _join(model.optimizer, model.distribute_strategy.num_replicas_in_sync)
            model.train_function = _function(model, model.train_step, votes)

    def make_test_function(force: bool = False) -> None:
        if force or model.test_function is None:
            model.test_function = _function(model, model.test_step, votes)

    def build(iterator: Any = None, data_batch: Any = None) -> None:
        if iterator is not None:
            _, _, batches = next(iter(iterator))
            data_batch = _locally_first(model.distribute_strategy, next(batches))
        with model.distribute_strategy.scope(), _refusing_lone_numbers(model._compile_loss):
            model._symbolic_build(data_batch=data_batch)

    model.make_train_function = make_train_function
    model.make_test_function = make_test_function
    model._maybe_symbolic_build = build


def leave_sums_out(optimizer: keras.optimizers.Optimizer) -> None:
    """Makes an optimizer take gradients as they are, summed already or of one replica."""
    for each in parts(optimizer):
        each._all_reduce_sum_gradients = list


def parts(optimizer: keras.optimizers.Optimizer) -> list[keras.optimizers.Optimizer]:
    """An optimizer and those that it is wrapped around."""
    inner = getattr(optimizer, "inner_optimizer", None)  # of a loss scale
    several = getattr(optimizer, "optimizers", ())  # of a MultiOptimizer
    return [optimizer, *several, *([inner] if inner is not None else [])]


def layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Every layer, also those inside other layers."""
    return model._flatten_layers(include_self=False)


def is_tested() -> bool:
    """Whether this version of Keras is one that the shim was written for.

    Raises:
        DlkitError: it is not, and lacks what the shim builds on.
    """
    if keras.__version__.startswith(TESTED):
        return True
    lacking = [name for name in _MODEL if not inspect.isroutine(getattr(keras.Model, name, None))]
    adam = keras.optimizers.Adam
    lacking += [name for name in _OPTIMIZER if not inspect.isroutine(getattr(adam, name, None))]
    if lacking:
        raise DlkitError(
            f"training on several devices does not know Keras {keras.__version__}: it has no "
            f"{', '.join(lacking)}.",
            f'Install one that was tested: pip install "keras=={TESTED[-1]}*"',
        )
    return False


@contextlib.contextmanager
def _refusing_lone_numbers(losses: Any) -> Iterator[None]:
    """Within the block, a loss that is one number for all rows fails once Keras has found it."""
    if losses is None:
        yield
        return
    build, found = losses.build, {}

    def build_watched(y_true: Any, y_pred: Any) -> None:
        build(y_true, y_pred)
        found.update({id(flat.loss): flat.loss for flat in losses._flat_losses})
        for loss in found.values():
            loss.call = functools.partial(_a_value_a_row, loss.name, loss.call)

    losses.build = build_watched
    try:
        yield
    except DlkitError:
        losses.built = False  # so that another try is refused too
        raise
    finally:
        for watched, name in ((losses, "build"), *((loss, "call") for loss in found.values())):
            delattr(watched, name)


def _a_value_a_row(name: str, call: Callable, *given: Any) -> Any:
    values = call(*given)
    if len(keras.ops.shape(values)) == 0:
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        raise DlkitError(
            f"the loss {name} does not work on {replicas} replicas: it is one number for all rows, "
            "whose gradient Keras would count once for each replica.",
            "Let it return one value a row, as with keras.ops.mean(…, axis=-1)",
        )
    return values


def _function(model: keras.Model, step: Callable, votes: Votes | None) -> Callable:
    """What `fit` calls with its iterator: one step on every replica, and its logs."""
    strategy = model.distribute_strategy

    def on_replica(data: Any, ballot: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        rows = tf.cast(_rows(data), tf.float32)
        sums = _sum(tf.concat([tf.reshape(rows, [1]), ballot], axis=0))
        with _shared(rows * strategy.num_replicas_in_sync / sums[0]):
            logs = step(data)
        return _mean(logs), sums[1:]

    @tf.autograph.experimental.do_not_convert
    def on_batch(data: Any, ballot: tf.Tensor) -> Any:
        return _locally_first(strategy, strategy.run(on_replica, args=(data, ballot)))

    @tf.autograph.experimental.do_not_convert
    def on_iterator(batches: Any, ballot: tf.Tensor) -> Any:
        return on_batch(next(batches), ballot)

    if not model.run_eagerly:
        on_batch = tf.function(on_batch, reduce_retracing=True)
        on_iterator = tf.function(on_iterator, reduce_retracing=True)

    def function(batches: Any) -> dict[str, tf.Tensor]:
        ballot = tf.constant([] if votes is None else votes.ballot(), tf.float32)
        if isinstance(batches, tf.distribute.DistributedIterator):
            logs, counted = on_iterator(batches, ballot)
        else:
            logs, counted = on_batch(next(batches), ballot)
        if votes is not None:
            votes.count(counted)
        return logs

    return function


def _join(optimizer: keras.optimizers.Optimizer, replicas: int) -> None:
    """Lets an optimizer sum gradients before all else, and weigh losses by their share of rows."""
    if getattr(optimizer, "_joined_replicas", None) == replicas:
        return
    scale_loss, apply = optimizer.scale_loss, optimizer.apply

    def scale_share(loss: tf.Tensor) -> tf.Tensor:
        return scale_loss(loss * tf.cast(getattr(_replica, "share", 1.0), loss.dtype))

    def apply_sum(grads: Sequence[Any], trainable_variables: Any = None) -> None:
        summed = iter(_sum([grad for grad in grads if grad is not None]))
        apply([None if g is None else next(summed) for g in grads], trainable_variables)

    optimizer.scale_loss, optimizer.apply = scale_share, apply_sum
    optimizer._joined_replicas = replicas
    leave_sums_out(optimizer)


@contextlib.contextmanager
def _shared(share: tf.Tensor) -> Iterator[None]:
    """Within the block, what a replica's loss counts beside an equal part: R · n_r/n."""
    _replica.share = share
    try:
        yield
    finally:
        del _replica.share


def _sum(values: Any) -> Any:
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def _mean(logs: Any) -> Any:
    """A step's logs averaged over the replicas, in one reduction."""
    values = [tf.cast(value, tf.float32) for value in keras.tree.flatten(logs)]
    context = tf.distribute.get_replica_context()
    mean = context.all_reduce(tf.distribute.ReduceOp.MEAN, [tf.identity(v) for v in values])
    return keras.tree.pack_sequence_as(logs, mean)


def _rows(data: Any) -> tf.Tensor:
    return tf.shape(next(leaf for leaf in keras.tree.flatten(data) if leaf is not None))[0]


def _locally_first(strategy: tf.distribute.Strategy, values: Any) -> Any:
    """Of each value what this process's first replica has."""
    return keras.tree.map_structure(
        lambda value: strategy.experimental_local_results(value)[0], values
    )
