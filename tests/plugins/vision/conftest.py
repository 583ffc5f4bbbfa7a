"""What the architectures' tests share: the networks of `keras.applications`, as an oracle."""

import keras
import numpy as np
import pytest

from dlkit.testing.subject import parts


def weighted(model):
    """Every layer that holds weights itself, also of models inside this one."""
    return [layer for layer in parts(model) if layer.weights and not hasattr(layer, "layers")]


def randomise(model, images, seed=0):
    """Draws every weight anew, so that none is where another one could stand unnoticed.

    The norms' statistics are those of the images, which keeps a deep network's signal alive.
    """
    random = np.random.default_rng(seed)
    norms = False
    for layer in weighted(model):
        if isinstance(layer, keras.layers.Normalization):
            continue  # constants, of preprocessing
        if isinstance(layer, keras.layers.BatchNormalization):
            norms = True
            layer.momentum = 0.0
        for weight in layer.weights:
            name, shape = weight.path.rpartition("/")[2], tuple(weight.shape)
            if name == "kernel":
                depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
                inputs = np.prod(shape[:2] if depthwise else shape[:-1])
                value = random.normal(0, np.sqrt(1.5 / inputs), shape)
            elif name in ("bias", "beta"):
                value = random.normal(0, 0.1, shape)
            else:  # what multiplies
                value = random.uniform(0.5, 1.5, shape)
            weight.assign(value)
    for layer in parts(model):
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    if norms:
        model(images, training=True)


@pytest.fixture(name="randomise")
def _randomise():
    return randomise


def bring_over(theirs, ours, rename):
    """Copies every weight by name; `rename` gives what a layer of ours is called by them."""
    sources = {
        layer.name: layer
        for layer in weighted(theirs)
        if not isinstance(layer, keras.layers.Normalization)
    }
    for layer in weighted(ours):
        values = sources.pop(rename(layer.name)).get_weights()
        pairs = zip(values, layer.weights, strict=True)
        layer.set_weights([np.reshape(value, weight.shape) for value, weight in pairs])
    assert not sources, f"weights that went nowhere: {list(sources)}"


@pytest.fixture
def difference():
    """`difference(theirs, ours, rename, preprocess, maps)`: how far the same weights lead apart.

    `theirs` is randomised and its weights are copied by name. What `preprocess` and a normalisation
    in `theirs` make of images is held against the preprocessing of `ours`; then both get the same,
    since a deep network makes much of the last digit. `maps` names a layer of each, whose outputs
    are compared beside those of the models. The answer is the largest difference over the largest
    output. Models are built in float64 where this is used, so that it is no rounding.
    """

    def measure(theirs, ours, rename, preprocess, maps):
        shape = (2, *ours.input_shape[1:])
        images = np.random.default_rng(1).integers(0, 256, shape, dtype="uint8")
        ready = preprocess(images.astype("float32"))
        randomise(theirs, ready)
        bring_over(theirs, ours, rename)

        constants = [x for x in parts(theirs) if isinstance(x, keras.layers.Normalization)]
        begins = [
            constants[0].output if constants else theirs.input,
            ours.get_layer("preprocessing").output,
        ]
        if constants:
            ready = np.asarray(keras.Model(theirs.input, begins[0])(ready), "float32")
        np.testing.assert_allclose(keras.Model(ours.input, begins[1])(images), ready, atol=1e-4)

        both = []
        for model, begin, name in zip((theirs, ours), begins, maps, strict=True):
            looked_into = keras.Model(begin, [model.get_layer(name).output, model.output])
            both.append([np.asarray(y) for y in looked_into(ready, training=False)])
        first, second = both[0][1]
        assert np.abs(first - second).max() > 0.1 * np.abs(first).max(), "both images are one"
        return max(np.abs(a - b).max() / np.abs(a).max() for a, b in zip(*both, strict=True))

    keras.config.set_dtype_policy("float64")
    yield measure
    keras.config.set_dtype_policy("float32")
