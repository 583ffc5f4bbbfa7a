"""Dense layers before a classifier's last."""

import keras
import numpy as np

from dlkit import blocks

STYLE = blocks.style("torch")


def test_a_map_is_flattened_and_features_are_not():
    x = keras.Input((2, 3, 4))
    y = blocks.dense_act(x, 5, style=STYLE, name="fc6")
    model = keras.Model(x, blocks.dense_act(y, 6, style=STYLE, dropout=0.5, name="fc7"))
    assert [layer.name for layer in model.layers[1:]] == [
        "fc6_flatten",
        "fc6_dense",
        "fc6_act",
        "fc7_dropout",
        "fc7_dense",
        "fc7_act",
    ]
    assert model.get_layer("fc7_dropout").rate == 0.5
    assert model.output.shape == (None, 6)


def test_values():
    keras.utils.set_random_seed(0)
    x = keras.Input((2, 3, 4))
    model = keras.Model(x, blocks.dense_act(x, 5, style=STYLE, name="fc6"))
    kernel, bias = (np.asarray(w) for w in model.weights)
    images = np.random.default_rng(0).normal(size=(2, 2, 3, 4)).astype("float32")
    expected = np.maximum(images.reshape(2, 24) @ kernel + bias, 0)
    np.testing.assert_allclose(model(images), expected, atol=1e-5)
