"""The scalar gate on a branch."""

import keras
import numpy as np
import pytest

import dlkit
from dlkit.layers import Switch


@pytest.mark.parametrize("gate", [1.0, 0.0, 0.25])
def test_multiplies_by_its_gate(gate):
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype("float32")
    np.testing.assert_array_equal(Switch(gate)(x), np.float32(gate) * x)


def test_training_leaves_the_gate_alone_and_a_compiled_model_heeds_it():
    model = keras.Sequential([keras.Input((4,)), Switch(name="s"), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    x = np.ones((8, 4), "float32")
    model.fit(x, x[:, :2], verbose=0)
    (gate,) = model.get_layer("s").get_weights()
    assert gate == 1.0 and len(model.trainable_variables) == 2
    model.get_layer("s").gate.assign(0.0)
    bias = model.layers[-1].get_weights()[1]
    np.testing.assert_allclose(model.predict(x, verbose=0), np.tile(bias, (8, 1)), rtol=1e-6)


def test_what_is_off_takes_no_gradient():
    import tensorflow as tf

    switch, x = Switch(0.0), tf.ones((1, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(switch(x))
    np.testing.assert_array_equal(tape.gradient(y, x), np.zeros((1, 3)))


def test_keeps_shape_and_precision_of_what_goes_through():
    assert Switch()(keras.Input((None, None, 3))).shape == (None, None, None, 3)
    switch = Switch(dtype="mixed_bfloat16")
    given = switch(keras.ops.ones((1, 2), dtype="bfloat16"))
    assert keras.backend.standardize_dtype(given.dtype) == "bfloat16"
    assert switch.gate.dtype == "float32"


def test_is_saved_with_the_gate_it_has(tmp_path):
    model = keras.Sequential([keras.Input((4,)), Switch(name="s")])
    model.get_layer("s").gate.assign(0.5)
    model.save(tmp_path / "m.keras")
    assert float(dlkit.load_model(tmp_path / "m.keras").get_layer("s").gate) == 0.5
    assert keras.saving.get_registered_name(Switch) == "dlkit>Switch"
    assert Switch.from_config(Switch(0.5, name="s").get_config()).initial == 0.5
