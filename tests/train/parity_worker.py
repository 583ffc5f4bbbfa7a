"""Trains one small network on one device or on several: run by test_dist.py in its own process.

    python parity_worker.py OUT DEVICES…

For each of DEVICES (`one`, `cpu:2`, or `workers` where TF_CONFIG names some) writes OUT/DEVICES.npz
(of worker 1 OUT/workers-1.npz): losses of fifty steps, and what evaluate and predict say of the
untrained model. The splits have partial batches, of odd sizes and of one row.

`check` stands for the shim's own test, which has to pass, and to fail without a part of the shim;
`restore` for the values of each replica, saved and given back; `parts` for the rows that 3 and 8
replicas get of a batch. `alone` trains one epoch of the run OUT/run, and `join` goes on with it.
"""

import dataclasses
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

import dlkit
from dlkit import registry
from dlkit.layers import ClassifierOutput
from dlkit.registry.errors import DlkitError
from dlkit.train import cluster, dist, keras_shim, parity, replicas, state
from dlkit.train.stream import Stream

ROWS, BATCH, STEPS = 137, 16, 50  # an epoch: eight batches of 16 rows, then one of 9


def network():
    """All but dropout: convolution, batch norm, a regularizer, a clipped gradient."""
    keras.utils.set_random_seed(3)
    x = image = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 255)(x)
    x = keras.layers.Conv2D(8, 3, activation="relu", kernel_regularizer="l2")(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(10)(x)
    model = keras.Model(image, x)
    optimizer = keras.optimizers.AdamW(3e-3, weight_decay=1e-2, global_clipnorm=0.5)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def run(devices):
    there = dist.strategy(None if devices in ("one", "workers") else devices)
    replicas = there.num_replicas_in_sync
    source = registry.create("dataset", "digits", image_size=8)
    splits = {"train": source.rows("train")[:ROWS], "val": source.rows("val")[: 2 * BATCH + 1]}
    source = dataclasses.replace(source, splits=splits)
    options = {"batch_size": BATCH, "replicas": replicas}
    train = Stream(source, "train", seed=5, augment="shift", **options)
    val = Stream(source, "val", shuffle=False, **options)
    with there.scope():
        model = network()
        dist.prepare(model)
    x, y = source.arrays("val")
    found = {
        "predict": model.predict(x, batch_size=BATCH, verbose=0),
        "predict_stream": model.predict(val.dataset(), verbose=0),
        "evaluate": model.evaluate(x, y, batch_size=BATCH, verbose=0),
        "evaluate_stream": model.evaluate(
            dist.feed(there, val), steps=val.steps_per_epoch, verbose=0
        ),
    }
    history = model.fit(
        dist.feed(there, train, epochs=6),
        epochs=STEPS,
        steps_per_epoch=1,  # so that the log has the loss of every step
        validation_data=dist.feed(there, val),
        validation_steps=val.steps_per_epoch,
        validation_freq=STEPS // 2,
        shuffle=False,
        verbose=0,
    ).history
    return found | {f"fit_{name}": values for name, values in history.items()}


def check(out):
    """What the shim's own test says, as it is and with a part of the shim taken out."""
    there = dist.strategy("cpu:2")
    parity.check(there)
    keras_shim._join = lambda optimizer, replicas: None
    try:
        parity.check(there)
    except DlkitError as error:
        return {"without": str(error)}
    return {"without": "passed"}


def restore(out):
    """Saves what differs from replica to replica, trains on, gives it back, trains on again."""
    there = dist.strategy("cpu:2")
    with there.scope():
        x = image = keras.Input((3,))
        x = keras.layers.Dense(4)(keras.layers.Dropout(0.5, seed=1)(x))
        model = keras.Model(image, x)
        model.compile("adam", "mse")
        dist.prepare(model)
    rows = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)

    def trained():
        model.fit(rows, rows @ np.ones((3, 4)), batch_size=9, shuffle=False, verbose=0)
        held = state.variables(model).items()
        return dict(pair for key, v in held for pair in replicas.values(key, v))

    saved = trained()
    once = trained()
    for key, variable in state.variables(model).items():
        for component, value in replicas.pairs(key, variable, saved):
            component.assign(value)
    again = trained()
    return {
        "differ": [key for key in saved if "@" in key],
        "equal": once.keys() == again.keys()
        and all(once[key].tobytes() == again[key].tobytes() for key in once),
        "moved": any(once[key].tobytes() != saved[key].tobytes() for key in saved),
    }


def parts(out):
    """How many rows each of 3 and of 8 replicas gets of batches of 9, 4 and 13 rows."""
    return {"3": rows_of(3, batch=9), "8": rows_of(8, batch=13)}


def rows_of(count, batch):
    there = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(count)])
    source = registry.create("dataset", "digits", image_size=8)
    source = dataclasses.replace(source, splits={"train": source.rows("train")[:13]})
    batches = dist.feed(there, Stream(source, "train", batch_size=batch, replicas=count))
    return [[len(x) for x in there.experimental_local_results(images)] for images, _ in batches]


@dlkit.register_model("noisy", task="image-classification", input_shape=(8, 8, 1))
def noisy(*, num_classes=10, input_shape=(8, 8, 1)):
    x = image = keras.Input(input_shape)
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255, dtype="float32")(x))
    x = keras.layers.Dropout(0.5, seed=7)(x)
    x = keras.layers.Dense(num_classes)(x)
    return keras.Model(image, ClassifierOutput()(x))


def alone(out):
    """Trains one epoch of a run, after which its first checkpoint is written."""
    recipe = dlkit.Recipe.load("local/noisy", epochs=2, limit_batches=3, steps_per_execution=3)
    return trained(dlkit.Run(out / "run", recipe), epochs=1)


def join(out):
    """Goes on with that run."""
    return trained(dlkit.Run(out / "run", resume=True), epochs=2)


def trained(session, epochs):
    """Trains; tells how many epochs were done before, and what the first step began with."""
    found = {}
    model = session.build()

    def look(batch, logs):
        for v in model.variables if not found else ():
            found[v.path] = replicas.components(v)[0].numpy()

    args = session.fit_args() | {"epochs": epochs}
    args["callbacks"].append(keras.callbacks.LambdaCallback(on_train_batch_begin=look))
    model.fit(session.train, validation_data=session.val, verbose=0, **args)
    return found | {"epochs_done": session.epochs_done}


WORDS = {"check": check, "restore": restore, "parts": parts, "alone": alone, "join": join}


def main(out, *each):
    for word in each:
        index = cluster.current().index
        name = word.replace(":", "-") + (f"-{index}" if index else "")
        found = WORDS[word](pathlib.Path(out)) if word in WORDS else run(word)
        np.savez(pathlib.Path(out) / f"{name}.npz", **found)


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(1)
    if "parts" in sys.argv:  # of eight CPUs, the first two serve the others
        cpu, *_ = tf.config.list_physical_devices("CPU")
        eight = [tf.config.LogicalDeviceConfiguration()] * 8
        tf.config.set_logical_device_configuration(cpu, eight)
        tf.config.list_logical_devices()
    main(*sys.argv[1:])
