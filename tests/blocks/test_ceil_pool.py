"""Pooling that rounds up: every size against the definition."""

import keras
import numpy as np
import pytest

from dlkit import blocks


@pytest.mark.parametrize("size, strides", [(3, 2), (2, 2), (3, 3), (5, 3)])
@pytest.mark.parametrize("height", range(5, 12))
def test_windows_are_cut_off_at_the_end_alone(size, strides, height):
    width = height + 1
    random = np.random.default_rng(0)
    x = random.random((1, height, width, 2)).astype("float32")
    image = keras.Input((None, None, 2))
    y = keras.Model(image, blocks.ceil_pool(image, size, strides, name="p"))(x)

    def starts(side):  # as many as it takes for a window to reach the last pixel
        return range(0, side - size + strides, strides)

    expected = [
        [x[0, i : i + size, j : j + size].max(axis=(0, 1)) for j in starts(width)]
        for i in starts(height)
    ]
    np.testing.assert_array_equal(y[0], expected)


def test_the_layers_are_named_by_their_place():
    image = keras.Input((6, 6, 1))
    model = keras.Model(image, blocks.ceil_pool(image, 3, 2, name="pool1"))
    assert [layer.name for layer in model.layers[1:]] == ["pool1_pad", "pool1"]
    assert model.output.shape == (None, 3, 3, 1)
