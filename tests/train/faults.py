"""Ways in which training goes wrong, each injected into a small sound one, and its right verdict.

The table was written before the report that is tested with it. A fault is a function that gives a
compiled model and what `fit` trains it on; the verdict is the kind of cause, and words that its
place and description have to hold.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.train.nan import Diverged

ops = keras.ops
ROWS, FEATURES, CLASSES = 48, 6, 4


@dataclasses.dataclass
class Training:
    """A compiled model and its data."""

    model: keras.Model
    x: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None = None

    def fit(self, *callbacks: keras.callbacks.Callback, **options: Any) -> Any:
        """Three epochs in batches of eight."""
        return self.model.fit(
            self.x, self.y, sample_weight=self.sample_weight, callbacks=[*callbacks],
            **{"batch_size": 8, "epochs": 3, "verbose": 0, **options},
        )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Fault:
    """What is injected, and how it has to be named."""

    name: str
    inject: Callable[[], Training]
    kind: str
    words: tuple[str, ...] = ()


class Formula(keras.layers.Layer):
    """A layer of one's own, as people write them."""

    def __init__(self, formula: Callable, name: str):
        super().__init__(name=name)
        self.formula = formula

    def call(self, x):
        return self.formula(x)


def data(classes: bool = True) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(ROWS, FEATURES)).astype("float32")
    y = np.arange(ROWS) % CLASSES if classes else x[:, :1] - 2 * x[:, 1:2]
    return x, y


def training(*middle: keras.layers.Layer, last="softmax", loss=None, optimizer="sgd", first=None,
             **options: Any) -> Training:  # fmt: skip
    """A perceptron with layers of the caller's in its middle, on separable classes."""
    keras.utils.set_random_seed(0)
    image = keras.Input((FEATURES,), name="features")
    h = (first or keras.layers.Dense(8, activation="relu", name="first"))(image)
    for layer in middle:
        h = layer(h)
    h = keras.layers.Dense(CLASSES, activation=last, name="last")(h)
    model = keras.Model(image, h)
    model.compile(optimizer, loss or "sparse_categorical_crossentropy", **options)
    return Training(model, *data())


def regression(optimizer: Any, **options: Any) -> Training:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1, name="linear")])
    model.compile(optimizer, "mse", **options)
    return Training(model, *data(classes=False))


def spoiled(part: str, row: Any, value: Any, made: Training | None = None) -> Training:
    """Sound but for one value in one row of `x`, `y` or `sample_weight`."""
    made = made or training()
    if part == "sample_weight":
        made.sample_weight = np.ones(ROWS, "float32")
    getattr(made, part)[row] = value
    return made


def nll(y, p):
    """The textbook's loss, without a guard."""
    return -ops.log(ops.take_along_axis(p, ops.cast(y, "int32")[:, None], axis=1))[:, 0]


def rms(y, p):
    """Its root has no slope where every answer is right."""
    return ops.sqrt(ops.mean(ops.square(y - p), axis=-1))


def half(inputs_times: float) -> Training:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        wide = keras.layers.Dense(8, kernel_initializer=keras.initializers.Constant(3e3),
                                  name="wide")  # fmt: skip
        made = training(wide)
    finally:
        keras.config.set_dtype_policy("float32")
    made.x *= inputs_times
    return made


def constant_feature() -> Training:
    norm = keras.layers.BatchNormalization(epsilon=0.0, name="norm")
    made = training(first=norm)
    made.x[:, 2] = 0.5
    return made


def perfect() -> Training:
    made = regression("sgd")
    made.model.compile("sgd", rms)
    made.model.layers[-1].kernel.assign(np.array([[1, -2, 0, 0, 0, 0]], "float32").T)
    return made


def dead_adam() -> Training:
    """No gradient reaches a dead unit's weights, and Adam divides nothing by nothing."""
    dead = keras.layers.Dense(8, activation="relu", name="first",
                              bias_initializer=keras.initializers.Constant(-100.0))  # fmt: skip
    return training(first=dead, optimizer=keras.optimizers.Adam(epsilon=0.0))


def masked(x):
    """Attention over eight places, all of which a wrong mask hides."""
    return x * ops.softmax(x + ops.where(x > -1.0, -np.inf, 0.0))


def own(name: str, formula: Callable) -> Callable[[], Training]:
    return lambda: training(Formula(formula, name))


def first(**options: Any) -> Callable[[], Training]:
    return lambda: training(first=keras.layers.Dense(8, name="first", **options))


sgd, constant = keras.optimizers.SGD, keras.initializers.Constant
SIGNS = np.array([1, -1, 1, -1, -1, 1], "float32")

FAULTS = (
    Fault("log of zero", own("logarithm", ops.log), "layer", ("logarithm",)),
    Fault("division by zero", own("share", lambda x: x / ops.sum(ops.relu(x - 99), -1, True)),
          "layer", ("share",)),
    Fault("rate too high", lambda: regression(sgd(1e3)), "update", ("learning rate",)),
    Fault("label out of range", lambda: spoiled("y", 7, 9), "label", ("9", "0 … 3")),
    Fault("inf in the input", lambda: spoiled("x", (3, 2), np.inf), "input", ("inf",)),
    Fault("nan in the input", lambda: spoiled("x", (40, 0), np.nan), "input", ("nan",)),
    Fault("float16 overflow", lambda: half(100), "float16", ("wide",)),
    Fault("root of a negative", own("root", lambda x: ops.sqrt(x - 1)), "layer", ("root",)),
    Fault("nan as initial weights", first(kernel_initializer=constant(np.nan)), "weights",
          ("first/kernel",)),
    Fault("a loss of probabilities on logits", lambda: training(last=None, loss=nll), "loss",
          ("nll", "probabilities")),
    Fault("huge loss weight", lambda: training(loss_weights=[1e38]), "loss_weight", ("1e+38",)),
    Fault("exp overflow", own("power", lambda x: ops.exp(1e3 * x)), "layer", ("power",)),
    Fault("no variance and no epsilon", constant_feature, "layer", ("norm",)),
    Fault("softmax of nothing but -inf", own("attention", masked), "layer", ("attention",)),
    Fault("a loss with log(0)", lambda: training(last="relu", loss=nll), "loss", ("nll",)),
    Fault("weight decay explodes", lambda: regression(sgd(1e-2, weight_decay=1e4)), "update",
          ("weight decay",)),
    Fault("gradient of a length of zero",
          own("length", lambda x: x + ops.sqrt(ops.sum(ops.square(ops.relu(x - 99)), -1, True))),
          "gradient", ("length",)),
    Fault("gradient behind a where", own("guarded", lambda x: ops.where(x > 0, ops.log(x), 0.0)),
          "gradient", ("guarded",)),
    Fault("pixels of 1e38", lambda: spoiled("x", 11, 1e38 * SIGNS), "input", ("1e+38",)),
    Fault("nan in a target", lambda: spoiled("y", 30, np.nan, regression("sgd")), "label",
          ("nan",)),
    Fault("nan in a sample weight", lambda: spoiled("sample_weight", 20, np.nan), "sample_weight",
          ("nan",)),
    Fault("gradient of the loss", perfect, "gradient", ("rms",)),
    Fault("huge regularizer", first(kernel_regularizer=keras.regularizers.L2(1e38)), "regularizer",
          ("first/kernel",)),
    Fault("Adam without epsilon", dead_adam, "update", ("epsilon",)),
)  # fmt: skip


def diverged(made: Training, *callbacks: keras.callbacks.Callback, **options: Any) -> Diverged:
    """The error that a training ends with."""
    with pytest.raises(Diverged) as caught:
        made.fit(*callbacks, **options)
    return caught.value


def as_stream(made: Training, batch_size: int = 8) -> Any:
    """The training's rows as a seekable stream, in the shape of `dlkit.train.stream.Stream`."""

    class Rows:
        steps_per_epoch = ROWS // batch_size

        def dataset(self, start_step: int = 0, epochs: int = 1) -> tf.data.Dataset:
            rows = [part for part in (made.x, made.y, made.sample_weight) if part is not None]
            whole = tf.data.Dataset.from_tensor_slices(tuple(rows)).batch(batch_size)
            return whole.repeat(epochs).skip(start_step)

        def rows_of(self, step: int) -> np.ndarray:
            first = step % self.steps_per_epoch * batch_size
            return np.arange(first, first + batch_size)

    return Rows()
