"""Option A's shortcut: subsampled, and padded with channels of zeros."""

import keras
import numpy as np
import pytest

from dlkit.layers import ZeroPadShortcut


def images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("height, width, strides", [(4, 6, 2), (5, 7, 2), (1, 1, 2), (7, 4, 3)])
def test_keeps_every_stride_th_pixel_and_adds_zeros(height, width, strides):
    x = images(2, height, width, 3)
    y = np.asarray(ZeroPadShortcut(5, strides)(x))
    assert y.shape == (2, -(-height // strides), -(-width // strides), 5)
    np.testing.assert_array_equal(y[..., :3], x[:, ::strides, ::strides, :])
    np.testing.assert_array_equal(y[..., 3:], 0.0)


def test_is_the_identity_where_nothing_changes():
    x = images(2, 4, 4, 3)
    np.testing.assert_array_equal(ZeroPadShortcut(3)(x), x)


def test_passes_the_gradient_to_the_kept_pixels_alone():
    import tensorflow as tf

    x, weight = tf.constant(images(1, 4, 4, 2)), images(1, 2, 2, 3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(ZeroPadShortcut(3, 2)(x) * weight)
    expected = np.zeros((1, 4, 4, 2), "float32")
    expected[:, ::2, ::2, :] = weight[..., :2]
    np.testing.assert_array_equal(tape.gradient(loss, x), expected)


def test_knows_its_shape_where_the_sides_are_unknown():
    x = keras.Input((None, None, 16))
    assert ZeroPadShortcut(32, 2)(x).shape == (None, None, None, 32)
    assert ZeroPadShortcut(32, 2)(keras.Input((7, 8, 16))).shape == (None, 4, 4, 32)


def test_has_no_weights_and_keeps_the_policy_of_the_layers_around_it():
    layer = ZeroPadShortcut(4, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(layer(images(1, 2, 2, 3)).dtype) == "bfloat16"
    assert layer.count_params() == 0


def test_comes_back_from_its_config():
    twin = ZeroPadShortcut.from_config(ZeroPadShortcut(4, 2, name="s").get_config())
    assert (twin.filters, twin.strides, twin.name) == (4, 2, "s")
    assert keras.saving.get_registered_name(ZeroPadShortcut) == "dlkit>ZeroPadShortcut"


def test_refuses_to_drop_channels():
    with pytest.raises(ValueError, match=r"cannot drop them: its input has 8, filters=4"):
        ZeroPadShortcut(4)(images(1, 2, 2, 8))


def test_refuses_a_stride_of_zero():
    with pytest.raises(ValueError, match="strides must be 1 or more, not 0"):
        ZeroPadShortcut(4, strides=0)
