"""Training on several devices or machines, with the figures of one.

`strategy` says where a model lives, `prepare` makes `fit` and `evaluate` on it exact, and `feed`
cuts each global batch into parts. The batch size, the steps, the learning rate and the order of
the rows are those of one device:

```python
there = dist.strategy("gpu:0,1")  # before anything touches TensorFlow's devices
with there.scope():
    model = …  # built and compiled
    dist.prepare(model)
model.fit(dist.feed(there, stream, epochs=5), steps_per_epoch=stream.steps_per_epoch, epochs=5)
```

Losses equal those of one device but for rounding. What differs by its nature: random layers inside
a model (each replica draws numbers of its own), batch norm with masks, losses that divide by
something other than rows (weights, boxes, tokens: each replica divides by its own), and custom
training steps that do not pass their loss through `optimizer.scale_loss`, and a `compute_loss` that
takes a mean by itself. The figures that are shown while an epoch runs are means over the replicas;
those of the whole epoch are exact.
"""

import functools
import re

import keras
import tensorflow as tf

from dlkit.registry.errors import DlkitError, UsageError
from dlkit.train import cluster, keras_shim, parity, refusals, replicas, votes
from dlkit.train.stream import Stream

MOST_CPUS = 64  # logical ones


def strategy(devices: str | int | None = None) -> tf.distribute.Strategy:
    """The strategy for some devices of this machine, or for the workers that the environment names.

    It has to be called before TensorFlow is at work: before any tensor, model or dataset is made.

    Args:
        devices: `2`, so many GPUs, or logical CPUs where there is no GPU; `gpu:0,1`, the GPUs of
            these numbers; `cpu:2`, so many logical CPUs. None takes all devices of each worker
            where the environment names several (`TF_CONFIG`, or a step of SLURM), else TensorFlow's
            default, one device.

    Raises:
        UsageError: the words or the environment say what cannot be.
        DlkitError: a device is not there, TensorFlow is at work already, or this process trains on
            other devices.

    Example:
        >>> strategy("gpu:0,1").num_replicas_in_sync
        2
    """
    workers = cluster.current()
    if len(workers) > 1:
        if devices is not None:
            raise UsageError(
                f"devices={devices!r}: each of {len(workers)} workers uses all that it sees.",
                "Choose them by the environment: CUDA_VISIBLE_DEVICES=0,1",
            )
        return _of_workers(workers)
    names = _names(devices)
    return _of_devices(names) if names else tf.distribute.get_strategy()


def prepare(model: keras.Model) -> None:
    """Makes a compiled model's `fit` and `evaluate` with several replicas equal those with one.

    Batch norm takes its statistics over all replicas (`synchronized=True`, which a saved model
    keeps), random layers draw numbers of their own on each, and the model's steps are those of
    `keras_shim`. A model with one replica trains as it is, and its memory is given back after it.

    Raises:
        DlkitError: the model is compiled with something that several replicas cannot do.
    """
    there = model.distribute_strategy
    if there.num_replicas_in_sync == 1:
        keras_shim.leave_sums_out(model.optimizer)
        return
    refusals.check(model)
    _test_shim(there)
    for layer in keras_shim.layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
    replicas.separate_seeds(model, replicas.local(there).start)
    keras_shim.attach(model, votes.share(model) if len(cluster.current()) > 1 else None)


def feed(
    there: tf.distribute.Strategy, stream: Stream, start_step: int = 0, epochs: int = 1
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """A stream's batches for `fit`, cut into a part for each replica.

    Every worker fetches only its replicas' parts. TensorFlow would cut four rows for three replicas
    into 2, 2 and none.

    Args:
        there: where the model lives.
        stream: made with `replicas=there.num_replicas_in_sync`.
        start_step: as in `Stream.dataset`.
        epochs: as in `Stream.dataset`.
    """
    if there.num_replicas_in_sync == 1:
        return stream.dataset(start_step, epochs)
    own = replicas.local(there)

    def parts(context: tf.distribute.InputContext) -> tf.data.Dataset:
        found = stream.dataset(start_step, epochs, own)
        steps = found.cardinality() // len(own)
        found.cardinality = lambda: steps  # Keras asks, and to it an element is a step
        return found

    return there.distribute_datasets_from_function(parts)


def describe(there: tf.distribute.Strategy) -> dict[str, int]:
    """The numbers of workers and of replicas, for a run's `env.json`."""
    return {"workers": len(cluster.current()), "replicas": there.num_replicas_in_sync}


_mirrored: dict[tuple[str, ...], tf.distribute.Strategy] = {}


def _of_devices(names: tuple[str, ...]) -> tf.distribute.Strategy:
    """One strategy a process: a second one's sums would meet the first one's, and fail."""
    if names not in _mirrored:
        if _mirrored:
            raise DlkitError(
                f"this process trains on {', '.join(*_mirrored)} already, and not on "
                f"{', '.join(names)} too.",
                "Begin a new process for other devices",
            )
        _mirrored[names] = tf.distribute.MirroredStrategy(list(names))
    return _mirrored[names]


@functools.cache  # TensorFlow joins a cluster once in a process
def _of_workers(workers: cluster.Cluster) -> tf.distribute.Strategy:
    gpus = len(tf.config.list_physical_devices("GPU"))
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(workers.addresses)}),
        task_type="worker",
        task_id=workers.index,
        num_accelerators={"GPU": gpus} if gpus else {},
        rpc_layer="grpc",
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except RuntimeError as error:
        raise _late(f"join {len(workers)} workers ({error})") from error


@functools.cache
def _test_shim(there: tf.distribute.Strategy) -> None:
    if not keras_shim.is_tested():
        parity.check(there)


def _names(devices: str | int | None) -> tuple[str, ...]:
    """The names of the devices that are meant; none for TensorFlow's default."""
    text = "" if devices is None else str(devices).strip().lower()
    if text in ("", "1"):
        return ()
    found = re.fullmatch(r"(?:(?:cpu:)?([1-9]\d*)|gpu:(\d+(?:,\d+)*))", text)
    if not found:
        raise UsageError(f"devices={devices!r} names none.", "As in: 2, gpu:0,1 or cpu:2")
    gpus = len(tf.config.list_physical_devices("GPU"))
    if found[2] is None and (text.startswith("cpu") or not gpus):
        return _cpus(int(found[1]))
    wanted = range(int(found[1])) if found[1] else [int(number) for number in found[2].split(",")]
    lacking = [number for number in wanted if number >= gpus]
    if lacking:
        raise DlkitError(
            f"devices={devices!r}: there is no GPU {lacking[0]}; TensorFlow sees {gpus}.",
            "See what it sees: dlkit doctor",
        )
    return tuple(f"GPU:{number}" for number in dict.fromkeys(wanted))


def _cpus(count: int) -> tuple[str, ...]:
    """Logical CPUs: they share the processor, and serve to try things out."""
    if count > MOST_CPUS:
        raise UsageError(
            f"{count} logical CPUs are too many: TensorFlow takes minutes to begin.",
            f"Take {MOST_CPUS} or fewer, as in: cpu:2",
        )
    there = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * count
    try:
        tf.config.set_logical_device_configuration(there, parts)
    except RuntimeError as error:
        if len(tf.config.list_logical_devices("CPU")) < count:
            raise _late(f"divide the CPU into {count} devices") from error
    return tuple(f"CPU:{number}" for number in range(count))


def _late(what: str) -> DlkitError:
    return DlkitError(
        f"TensorFlow is at work already and cannot {what} any more.",
        "Make the Run, or call dist.strategy, before any tensor, model or dataset",
    )
