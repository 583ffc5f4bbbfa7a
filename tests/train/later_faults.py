"""A second table of faults, written once the report was done: 16 of them were named right at once.

The rest showed what it lacked: initial weights of 1e20, activity regularizers, and models whose
layers are built by their first batch.
"""

import keras
import numpy as np
import tensorflow as tf

from tests.train.faults import (
    CLASSES,
    FEATURES,
    ROWS,
    Fault,
    Formula,
    Training,
    constant,
    data,
    ops,
    regression,
    training,
)


class RawLog(keras.Model):
    """Takes the logarithm in its own call, in no layer."""

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(8)
        self.last = keras.layers.Dense(CLASSES, activation="softmax")

    def call(self, x):
        return self.last(tf.math.log(self.first(x)))


class Block(keras.layers.Layer):
    """A layer of layers, the second of which fails."""

    def __init__(self):
        super().__init__(name="block")
        self.dense = keras.layers.Dense(8)
        self.root = Formula(lambda x: ops.sqrt(x - 1), "inner_root")

    def call(self, x):
        return self.dense(self.root(self.dense(x)))


class OwnStep(keras.Model):
    """Trains by a step of its own, with an optimizer that `compile` knows nothing of."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.own_optimizer = keras.optimizers.SGD(0.1)

    def call(self, x):
        return self.inner(x)

    def train_step(self, batch):
        x, y = batch
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.inner(x) - y) ** 2)
        weights = self.inner.trainable_variables
        self.own_optimizer.apply(tape.gradient(loss, weights), weights)
        return {"generator_loss": loss}


def raw_log(build: bool) -> Training:
    keras.utils.set_random_seed(0)
    model = RawLog()
    if build:
        model(np.zeros((1, FEATURES), "float32"))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return Training(model, *data())


def own_step() -> Training:
    keras.utils.set_random_seed(0)
    layers = [keras.Input((FEATURES,)), keras.layers.Dense(8), Formula(ops.log, "bad_log")]
    model = OwnStep(keras.Sequential([*layers, keras.layers.Dense(1)]))
    model.compile()
    return Training(model, *data(classes=False))


def operation() -> Training:
    keras.utils.set_random_seed(0)
    features = keras.Input((FEATURES,))
    h = ops.log(keras.layers.Dense(8, activation="relu")(features))
    model = keras.Model(features, keras.layers.Dense(CLASSES, activation="softmax")(h))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return Training(model, *data())


def tokens(spoil_row: bool) -> Training:
    """A ruined row of an embedding, or a token that it has no row for."""
    keras.utils.set_random_seed(0)
    words = keras.Input((5,), dtype="int32")
    embedding = keras.layers.Embedding(20, 4, name="embedding")
    h = keras.layers.Flatten()(embedding(words))
    model = keras.Model(words, keras.layers.Dense(CLASSES, activation="softmax")(h))
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).integers(0, 19, (ROWS, 5))
    x[30, 2] = 19 if spoil_row else 99
    if spoil_row:
        rows = embedding.embeddings.numpy()
        rows[19] = np.nan
        embedding.embeddings.assign(rows)
    return Training(model, x, np.arange(ROWS) % CLASSES)


def recurrent() -> Training:
    keras.utils.set_random_seed(0)
    kernel = constant(5.0)
    rnn = keras.layers.SimpleRNN(8, "linear", recurrent_initializer=kernel, name="rnn")
    model = keras.Sequential([keras.Input((40, 3)), rnn, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(ROWS, 40, 3)), draw.normal(size=(ROWS, 1))
    return Training(model, x.astype("float32"), y.astype("float32"))


def of_absent_class(y, p):
    chosen = ops.cast(ops.equal(ops.reshape(y, (-1,)), 7), "float32")
    return ops.sum(chosen * ops.sum(p, -1)) / ops.sum(chosen)


def rates() -> Training:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([8], [0.01, 1e5])
    return regression(keras.optimizers.SGD(schedule))


def target() -> Training:
    made = regression("sgd")
    made.y[13] = 1e25
    return made


def poisson() -> Training:
    made = regression("sgd")
    made.model.compile("sgd", "poisson")
    made.y = np.abs(made.y)
    return made


def huge_weights() -> Training:
    keras.utils.set_random_seed(0)
    huge = keras.layers.Dense(8, kernel_initializer=keras.initializers.RandomNormal(stddev=1e20))
    model = keras.Sequential([keras.Input((FEATURES,)), huge, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return Training(model, *data(classes=False))


def formula(name, function, **options):
    return lambda: training(Formula(function, name), **options)


def masked(limit, *more):
    mask = Formula(lambda x: ops.where(x > limit, -np.inf, x), "mask")
    return lambda: training(mask, keras.layers.Softmax(name="soft"), *more)


low = keras.layers.Dense(8, "relu", bias_initializer=constant(-1.5))
logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

FAULTS = (
    Fault("a raw logarithm in a model's call", lambda: raw_log(True), "layer", ("raw_log",)),
    Fault("the same, yet to be built", lambda: raw_log(False), "layer", ("raw_log",)),
    Fault("a logarithm as an operation", operation, "layer", ("log",)),
    Fault("a layer within a layer", lambda: training(Block()), "layer", ("inner_root",)),
    Fault("softmax behind a mask of all", masked(-1), "layer", ("soft",)),
    Fault("a root behind a sound mask",
          masked(0.5, Formula(lambda x: ops.sqrt(x - 0.5), "root")), "layer", ("root",)),
    Fault("poisson of negatives", poisson, "loss", ("poisson",)),
    Fault("a ruined row of an embedding", lambda: tokens(True), "weights", ("embedding",)),
    Fault("a token out of range", lambda: tokens(False), "layer", ("embedding",)),
    Fault("a recurrent explosion", recurrent, "layer", ("rnn",)),
    Fault("the mean of no rows", lambda: training(loss=of_absent_class), "loss",
          ("of_absent_class",)),
    Fault("a target of 1e25", target, "label", ("1e+25",)),
    Fault("a schedule that jumps", rates, "update", ("learning rate",)),
    Fault("Adam at 1000",
          formula("growth", ops.exp, optimizer=keras.optimizers.Adam(1e3), last=None, loss=logits),
          "update", ("learning rate",)),
    Fault("a fraction as a power", formula("power", lambda x: ops.power(x - 0.5, 0.5)), "layer",
          ("power",)),
    Fault("the direction of nothing",
          formula("unit", lambda x: x / ops.norm(x, axis=-1, keepdims=True), first=low), "layer",
          ("unit",)),
    Fault("a huge activity regularizer",
          lambda: training(first=keras.layers.Dense(
              8, name="first", activity_regularizer=keras.regularizers.L2(1e38))),
          "regularizer", ("first",)),
    Fault("initial weights of 1e20", huge_weights, "weights", ("kernel", "e+20")),
    Fault("a training step of one's own", own_step, "layer", ("bad_log",)),
)  # fmt: skip
