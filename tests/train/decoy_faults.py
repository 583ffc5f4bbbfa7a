"""A third table: faults that stand beside something conspicuous which does no harm.

Masks of -inf, large numbers, terms of the loss, integer targets, optimizers that do nothing: none
of them may be blamed for what another did.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from tests.train.faults import (
    FEATURES,
    ROWS,
    Fault,
    Formula,
    Training,
    data,
    nll,
    ops,
    regression,
    sgd,
    spoiled,
    training,
)
from tests.train.later_faults import OwnStep


class OwnLoss(OwnStep):
    """Its step takes the logarithm of what may be negative."""

    def train_step(self, batch):
        x, y = batch
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.math.log(self.inner(x) - y))
        weights = self.inner.trainable_variables
        self.own_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"loss": loss}


class Nll:
    """A loss, or a metric, that no configuration tells of."""

    def __call__(self, y, p):
        return nll(y, p)


def mask():
    return Formula(lambda x: ops.where(x > 0.5, -np.inf, x), "mask")


def soft():
    return keras.layers.Softmax(name="soft")


def log(x_of=lambda x: x):
    return Formula(lambda x: ops.log(x_of(x)), "bad_log")


def guarded():
    return Formula(lambda x: ops.where(x > 0, ops.log(x), 0.0), "guarded")


def two_roots() -> Training:
    """Behind the same mask, so that neither alone is to blame."""
    keras.utils.set_random_seed(0)
    features = keras.Input((FEATURES,))
    h = soft()(mask()(keras.layers.Dense(8, activation="relu")(features)))
    roots = [Formula(lambda x: ops.sqrt(x - 0.5), name)(h) for name in ("root_a", "root_b")]
    out = keras.layers.Dense(4, activation="softmax")(keras.layers.Concatenate()(roots))
    model = keras.Model(features, out)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return Training(model, *data())


def masked_outputs() -> Training:
    made = training(last=None)
    model = keras.Model(made.model.input, mask()(made.model.output))
    model.compile("sgd", nll)
    made.model = model
    return made


def ids() -> Training:
    keras.utils.set_random_seed(0)
    numbers = keras.Input((3,), dtype="int64")
    h = Formula(lambda x: ops.cast(ops.mod(x, 7), "float32"), "remainder")(numbers)
    h = log()(keras.layers.Dense(8)(h))
    model = keras.Model(numbers, keras.layers.Dense(4, activation="softmax")(h))
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).integers(10**9, 2 * 10**9, (ROWS, 3))
    return Training(model, x, np.arange(ROWS) % 4)


def times() -> Training:
    made = training(log(), first=keras.layers.Normalization(mean=1.7e9, variance=1e12))
    made.x = (1.7e9 + 1e6 * made.x).astype("float32")
    return made


def gaps() -> Training:
    """Every row lacks a feature, and the model knows."""
    made = training(log(), first=Formula(lambda x: ops.where(ops.isnan(x), 0.0, x), "filled"))
    made.x[:, 0] = np.nan
    return made


def outlier() -> Training:
    """One row is huge, and clipped; another is below what the root takes."""
    keras.utils.set_random_seed(0)
    features = keras.Input((FEATURES,))
    h = Formula(lambda x: ops.clip(x, -5.0, 5.0), "clipped")(features)
    root = Formula(lambda x: ops.sqrt(x[:, :1] + 3.9), "root")(features)
    h = keras.layers.Concatenate()([keras.layers.Dense(8)(h), root])
    model = keras.Model(features, keras.layers.Dense(4, activation="softmax")(h))
    model.compile("sgd", "sparse_categorical_crossentropy")
    made = Training(model, *data())
    made.x[10, 1], made.x[35, 0] = 3e6, -4.0
    return made


def counts() -> Training:
    """Quantiles of integers."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((FEATURES,)), keras.layers.Dense(8), log(), keras.layers.Dense(3)]
    model = keras.Sequential(layers)
    model.compile("sgd", lambda y, p: ops.mean(ops.abs(ops.cast(y, "float32")[:, None] - p)))
    return Training(model, data()[0], np.arange(ROWS) % 37)


def scaled(part: str, factor: float, rate: float) -> Training:
    made = regression(sgd(rate))
    setattr(made, part, (getattr(made, part) * factor).astype("float32"))
    return made


def nothing_but_nan() -> Training:
    made = spoiled("y", slice(None), np.nan, regression("sgd"))
    return spoiled("x", slice(None), np.nan, made)


def own_step(kind: type[OwnStep], rate: float) -> Training:
    keras.utils.set_random_seed(0)
    model = kind(keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)]))
    model.own_optimizer = sgd(rate)
    model.compile()
    return Training(model, *data(classes=False))


FAULTS = (
    Fault("a term of the loss behind a logarithm",
          lambda: training(log(), keras.layers.Dense(8, activity_regularizer="l2", name="after")),
          "layer", ("bad_log",)),
    Fault("a loss on logits behind a mask",
          lambda: training(mask(), soft(), last=None, loss=nll), "loss",
          ("nll", "probabilities")),
    Fault("a loss on masked logits", masked_outputs, "loss", ("nll",)),
    Fault("a slope of nothing before a mask", lambda: training(guarded(), mask(), soft()),
          "gradient", ("guarded",)),
    Fault("a logarithm of what a mask made 0", lambda: training(mask(), soft(), log()), "layer",
          ("bad_log",)),
    Fault("two roots behind a mask", two_roots, "layer", ("root_a",)),
    Fault("a share of infinity",
          lambda: training(Formula(lambda x: ops.exp(1e3 * (x + 1)), "power"),
                           Formula(lambda x: x / ops.sum(x, -1, keepdims=True), "share")),
          "layer", ("power",)),
    Fault("ids of 1e9", ids, "layer", ("bad_log",)),
    Fault("times of 1.7e9", times, "layer", ("bad_log",)),
    Fault("a gap in every row", gaps, "layer", ("bad_log",)),
    Fault("an outlier that is clipped", outlier, "layer", ("root",)),
    Fault("a partial loss",
          lambda: training(last="relu", loss=functools.partial(nll)), "loss", ("nll",)),
    Fault("an object as loss and metric",
          lambda: training(last="relu", loss=Nll(), metrics=[Nll()]), "loss", ("Nll",)),
    Fault("counts that are no classes", counts, "layer", ("bad_log",)),
    Fault("a rate too high for large targets", lambda: scaled("y", 1e7, 10.0), "update",
          ("learning rate 10",)),
    Fault("features too large for any rate", lambda: scaled("x", 1e7, 1e-2), "input", ("e+07",)),
    Fault("a rate of one's own", lambda: own_step(OwnStep, 1e3), "update",
          ("learning rate 1e+03",)),
    Fault("a loss of one's own", lambda: own_step(OwnLoss, 0.1), "loss", ("nan",)),
    Fault("nan in every target", lambda: spoiled("y", slice(None), np.nan, regression("sgd")),
          "label", ("nan",)),
    Fault("nan in all there is", nothing_but_nan, "input", ("nan",)),
)  # fmt: skip
