"""One step under a strategy, held against the same step by hand.

It is run where Keras is newer than what the shim was tested with.
"""

import logging

import keras
import numpy as np
import tensorflow as tf

from dlkit.registry.errors import DlkitError
from dlkit.train import keras_shim, replicas

_log = logging.getLogger(__name__)


def check(strategy: tf.distribute.Strategy) -> None:
    """Fits one weight on rows that no number of replicas divides, with a clipped gradient.

    With y = w·x, w = 0 and targets of 1, the gradient of the mean (w·x - 1)² is -2·mean(x); its
    norm is clipped to 1, and a step of rate ½ gives w = ½. So a wrong weight of a part, or a
    clipped gradient of a part, shows.

    Raises:
        DlkitError: a figure is another.
    """
    count = strategy.num_replicas_in_sync
    x = np.arange(1.0, 2 * count)[:, None].astype(np.float32)
    expected = {"loss": 1.0, "w": 0.5, "validation": np.mean((x / 2 - 1) ** 2)}
    with strategy.scope():
        model = keras.Sequential([keras.Input((1,)), _one_weight()])
        model.compile(keras.optimizers.SGD(0.5, global_clipnorm=1.0), "mse")
    keras_shim.attach(model)
    data = strategy.distribute_datasets_from_function(lambda context: _cut(x, strategy))
    fitted = model.fit(data, steps_per_epoch=1, shuffle=False, verbose=0)
    found = {
        "loss": fitted.history["loss"][0],
        "w": float(replicas.components(model.weights[0])[0].numpy().squeeze()),
        "validation": model.evaluate(data, steps=1, verbose=0),
    }
    wrong = [name for name in expected if not np.isclose(found[name], expected[name], rtol=1e-5)]
    if wrong:
        raise DlkitError(
            f"Keras {keras.__version__} trains wrongly on {count} replicas: {wrong[0]} is "
            f"{found[wrong[0]]:.6g}, and should be {expected[wrong[0]]:.6g}.",
            f'Install a version that was tested: pip install "keras=={keras_shim.TESTED[-1]}*"',
        )
    _log.warning(
        "Training on several devices was not tested with Keras %s; a short test of it passed.",
        keras.__version__,
    )


def _one_weight() -> keras.layers.Layer:
    return keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")


def _cut(x: np.ndarray, strategy: tf.distribute.Strategy) -> tf.data.Dataset:
    """This process's parts, one after another."""
    parts = [np.array_split(x, strategy.num_replicas_in_sync)[i] for i in replicas.local(strategy)]
    spec = tf.TensorSpec((None, 1), tf.float32)
    dataset = tf.data.Dataset.from_generator(lambda: iter(parts), output_signature=spec)
    return dataset.map(lambda part: (part, tf.ones_like(part)))
