"""Stochastic depth: what is drawn, how often, and where the draws' state is kept."""

import keras
import numpy as np
import pytest

from dlkit.layers import DropPath


def ones(n=4, *shape):
    return np.ones((n, *shape), "float32")


def test_whole_samples_are_left_out_and_the_others_scaled():
    y = np.asarray(DropPath(0.75, seed=0)(ones(64, 3, 2, 5), training=True))
    assert y.shape == (64, 3, 2, 5)
    samples = y.reshape(64, -1)
    assert (samples == samples[:, :1]).all()  # one draw a sample
    assert set(samples[:, 0]) == {0.0, 4.0}  # 1 / (1 - 3/4)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_rate_is_met_and_the_mean_kept(rate, dtype):
    n = 40_000
    y = np.asarray(DropPath(rate, seed=1, dtype=dtype)(ones(n), training=True), "float32")
    assert np.mean(y == 0) == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / n))
    assert y.max() == pytest.approx(1 / (1 - rate), rel=1e-2)


@pytest.mark.parametrize("rate, training", [(0.5, False), (0.0, True)])
def test_in_inference_and_at_rate_0_it_is_the_identity(rate, training):
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    np.testing.assert_array_equal(DropPath(rate)(x, training=training), x)


def test_the_gradient_is_the_mask():
    import tensorflow as tf

    x, layer = tf.ones((16, 2)), DropPath(0.5, seed=3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x), y)


def test_draws_go_on_and_a_seed_repeats_them():
    first, second = DropPath(0.5, seed=7), DropPath(0.5, seed=7)
    draws = [[np.asarray(layer(ones(32), training=True)) for _ in range(2)]
             for layer in (first, second)]  # fmt: skip
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0][0], draws[0][1])


def test_the_draws_state_is_a_variable_so_that_a_training_can_be_resumed():
    layer = DropPath(0.5)
    (state,) = layer.non_trainable_variables
    assert layer.weights == []  # it counts as no parameter
    before = np.asarray(state)
    drawn = [np.asarray(layer(ones(32), training=True)) for _ in range(2)]
    state.assign(before)
    again = [np.asarray(layer(ones(32), training=True)) for _ in range(2)]
    np.testing.assert_array_equal(drawn, again)


def test_two_layers_of_one_model_draw_apart_and_set_random_seed_repeats_both():
    def draw():
        keras.utils.set_random_seed(5)
        return [np.asarray(DropPath(0.5)(ones(64), training=True)) for _ in range(2)]

    first, second = draw()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal([first, second], draw())


def test_under_fit_every_step_draws_anew():
    image = keras.Input((1,))
    x = keras.layers.Dense(1, kernel_initializer="ones")(image)
    model = keras.Model(image, DropPath(0.5, seed=0)(x))
    model.compile(keras.optimizers.SGD(0.0), "mean_absolute_error")
    history = model.fit(ones(64, 1), 0 * ones(64, 1), batch_size=64, epochs=3, verbose=0).history
    assert len(set(history["loss"])) > 1


def test_comes_back_from_a_file(tmp_path):
    x = keras.Input((3,))
    keras.Model(x, DropPath(0.25, seed=4, name="d")(x)).save(tmp_path / "m.keras")
    layer = keras.models.load_model(tmp_path / "m.keras").get_layer("d")
    assert (layer.rate, layer.seed) == (0.25, 4)
    assert keras.saving.get_registered_name(DropPath) == "dlkit>DropPath"


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_refuses_what_is_no_share(rate):
    with pytest.raises(ValueError, match=r"rate must be in \[0, 1\)"):
        DropPath(rate)
