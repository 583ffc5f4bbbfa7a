"""What the blocks' tests share: a convolution in NumPy, and models of a single block."""

import keras
import numpy as np
import pytest

SCALE = 1 / np.sqrt(1 + 1e-5)
"""What a fresh norm of epsilon 1e-5 multiplies by: its mean is 0, its variance 1."""


@pytest.fixture
def convolve():
    """`convolve(x, kernel, strides=1)`: padded alike on both sides, as Caffe and torch do it."""

    def convolve(x, kernel, strides=1):
        side = kernel.shape[0]
        pad = (side - 1) // 2
        padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
        return np.einsum("bhwcij,ijco->bhwo", windows[:, ::strides, ::strides], kernel)

    return convolve


@pytest.fixture
def model_of():
    """`model_of(block, shape)`: the model of a function of one tensor."""

    def model_of(block, shape=(8, 8, 4)):
        keras.utils.set_random_seed(0)
        x = keras.Input(shape)
        return keras.Model(x, block(x))

    return model_of


@pytest.fixture
def kernel():
    """`kernel(model, name)`: the kernel of a layer, as an array."""
    return lambda model, name: np.asarray(model.get_layer(name).kernel)


@pytest.fixture
def norm():
    """A fresh normalisation in NumPy."""
    return lambda x: SCALE * x


@pytest.fixture
def maps():
    """`maps(height, width, channels)`: a batch of two."""
    return lambda *shape: np.random.default_rng(1).normal(size=(2, *shape)).astype("float32")
