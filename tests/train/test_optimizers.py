"""Optimizers: what the recipe's words do to weights, seen on the weights."""

import types

import keras
import numpy as np
import pytest

from dlkit.registry.errors import DlkitError
from dlkit.train import layerwise, optimizer_options, optimizers, schedules

SETTINGS = {
    "name": "sgd",
    "learning_rate": 0.1,
    "momentum": 0.0,
    "nesterov": False,
    "epsilon": 0.0,
    "weight_decay": 0.0,
    "clipnorm": 0.0,
    "global_clipnorm": 0.0,
    "clipvalue": 0.0,
    "accumulate": 1,
    "ema_momentum": 0.0,
}


def make(model, rate=0.1, factors=None, **settings):
    chosen = types.SimpleNamespace(**{**SETTINGS, **settings})
    return optimizers.make(chosen, rate, model.trainable_variables, factors)


def build():
    """Two layers with a norm between them; weights of ones, but for a few."""
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, name="first"),
            keras.layers.LayerNormalization(name="norm"),
            keras.layers.Dense(2, name="second"),
        ]
    )


def step(model, optimizer, gradients):
    """What a step with these gradients changes, variable by variable."""
    before = [v.numpy() for v in model.trainable_variables]
    optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], model.trainable_variables)
    return [v.numpy() - b for v, b in zip(model.trainable_variables, before, strict=True)]


def gradients_like(model, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=v.shape).astype("float32") for v in model.trainable_variables]


def test_the_names_that_a_recipe_knows_are_those_that_are_made():
    names = set(optimizer_options.NAMES)
    assert optimizers.OPTIMIZERS.keys() == layerwise.CLASSES.keys() == names


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_each_is_keras_own_and_learns(name):
    model = build()
    optimizer = make(model, 0.01, name=name, momentum=0.9)
    assert type(optimizer) is optimizers.OPTIMIZERS[name][0]
    model.compile(optimizer, "mse")
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    losses = model.fit(x, x[:, :2], epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_nesterov_looks_ahead():
    gradient = [np.ones(v.shape, "float32") for v in build().trainable_variables]
    for nesterov, share in ((False, 1.0), (True, 1.9)):
        model = build()
        moved = step(model, make(model, momentum=0.9, nesterov=nesterov), gradient)
        np.testing.assert_allclose(moved[0], -0.1 * share, rtol=1e-5)


@pytest.mark.parametrize("layered", [False, True])
def test_an_epsilon_far_above_the_gradients_makes_rmsprop_plain(layered):
    """A step is g / √(v + ε), and v a tenth of g² at first: at ε = 1 nearly g itself."""
    given = [np.full(v.shape, 0.01, "float32") for v in build().trainable_variables]
    factors = [1.0] * 6 if layered else None
    for epsilon, kept in ((0.0, 1e-7), (1.0, 1.0)):
        model = build()
        optimizer = make(model, 0.1, factors, name="rmsprop", epsilon=epsilon)
        expected = -0.1 * 0.01 / np.sqrt(0.1 * 0.01**2 + kept)
        np.testing.assert_allclose(step(model, optimizer, given)[0], expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["sgd", "lion"])
def test_an_epsilon_is_refused_where_nothing_is_divided(name):
    settings = types.SimpleNamespace(**{**SETTINGS, "name": name, "epsilon": 1.0})
    with pytest.raises(DlkitError, match=f"{name} has none") as caught:
        optimizer_options.check(settings)
    assert "--set optimizer.epsilon=0" in caught.value.fix


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
@pytest.mark.parametrize("layered", [False, True])
def test_decay_shrinks_kernels_alone(name, layered):
    """Without gradients, what moves is what is decayed: by decay · rate of its value."""
    model = build()
    factors = [1.0] * 6 if layered else None
    optimizer = make(model, 0.1, factors, name=name, weight_decay=0.5)
    before = [v.numpy() for v in model.trainable_variables]
    moved = step(model, optimizer, [np.zeros(v.shape, "float32") for v in before])
    for variable, value, change in zip(model.trainable_variables, before, moved, strict=True):
        share = -0.05 if variable.name == "kernel" else 0.0
        np.testing.assert_allclose(change, share * value, rtol=1e-4, atol=1e-7)


def test_a_bias_of_two_dimensions_is_spared_and_a_table_named_so_is_not():
    gru = keras.layers.GRU(3)
    gru.build((None, 5, 2))
    decayed = {v.name: layerwise.is_decayed(v) for v in gru.trainable_variables}
    assert decayed == {"kernel": True, "recurrent_kernel": True, "bias": False}
    table = keras.Variable(np.zeros((2, 2)), name="relative_bias_table")
    assert layerwise.is_decayed(table)


def test_a_loaded_models_optimizer_is_told_again_what_to_spare(tmp_path):
    model = build()
    model.compile(make(model, weight_decay=0.5), "mse")
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    optimizers.spare(loaded.optimizer, loaded.trainable_variables)
    zeros = [np.zeros(v.shape, "float32") for v in loaded.trainable_variables]
    moved = step(loaded, loaded.optimizer, zeros)
    assert [bool(change.any()) for change in moved] == [True, False, False, False, True, False]


@pytest.mark.parametrize("layered", [False, True])
def test_the_three_ways_of_clipping(layered):
    model = build()
    given = gradients_like(model)
    factors = [1.0] * 6 if layered else None
    whole = np.sqrt(sum(np.square(g).sum() for g in given))
    expected = {
        "clipnorm": lambda g: g * min(1, 0.5 / np.linalg.norm(g)),
        "global_clipnorm": lambda g: g * 0.5 / whole,
        "clipvalue": lambda g: np.clip(g, -0.5, 0.5),
    }
    for name, clip in expected.items():
        moved = step(model := build(), make(model, 1.0, factors, **{name: 0.5}), given)
        for change, gradient in zip(moved, given, strict=True):
            np.testing.assert_allclose(-change, clip(gradient), rtol=2e-4, atol=1e-6)


def test_the_whole_is_clipped_before_each_takes_its_share():
    model = build()
    given = gradients_like(model)
    shares = [0.1, 0.1, 0.3, 0.3, 1.0, 1.0]
    moved = step(model, make(model, 1.0, shares, global_clipnorm=0.5), given)
    undone = [change / share for change, share in zip(moved, shares, strict=True)]
    assert np.sqrt(sum(np.square(u).sum() for u in undone)) == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_layers_move_by_their_share(name):
    """Every rule's step is the rate times something: half the rate, half the step."""
    given, shares = gradients_like(build()), [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]
    decay = 0.0 if name == "lamb" else 0.1  # LAMB looks at the norm after the decay
    whole, part = (
        step(model := build(), make(model, 0.1, factors, name=name, weight_decay=decay), given)
        for factors in ([1.0] * 6, shares)
    )
    for one, other, share in zip(whole, part, shares, strict=True):
        np.testing.assert_allclose(other, share * one, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_with_whole_shares_it_is_keras_optimizer_to_the_bit(name):
    moved = []
    for factors in (None, [1.0] * 6):
        model = build()
        optimizer = make(model, 0.1, factors, name=name, weight_decay=0.1, momentum=0.9)
        for seed in range(3):
            changes = step(model, optimizer, gradients_like(model, seed))
        moved.append(changes)
    for one, other in zip(*moved, strict=True):
        np.testing.assert_array_equal(one, other)


def test_layerwise_goes_through_a_file(tmp_path):
    model = build()
    optimizer = make(model, 0.1, [0.5] * 6, name="adamw", weight_decay=0.1, momentum=0.9)
    model.compile(optimizer, "mse")
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    model.fit(x, x[:, :2], verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.optimizer.get_config() == optimizer.get_config()
    for each in (model, loaded):
        each.fit(x, x[:, :2], verbose=0)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_factors_that_do_not_fit_are_refused():
    model = build()
    with pytest.raises(DlkitError, match=r"5 factors .* for 6 trainable variables"):
        make(model, factors=[1.0] * 5).build(model.trainable_variables)


class Noted(keras.callbacks.Callback):
    """Notes a weight after each batch."""

    def on_train_begin(self, logs=None):
        self.values = []

    def on_train_batch_end(self, batch, logs=None):
        self.values.append(float(self.model.trainable_variables[0].numpy().item()))


def accumulated(model, optimizer, batches=8):
    """A model whose gradient is 1 at every batch: its weight falls by the rate."""
    model.compile(optimizer, loss=lambda _, outputs: keras.ops.mean(outputs))
    ones, noted = np.ones((batches, 1), "float32"), Noted()
    model.fit(ones, ones, batch_size=1, shuffle=False, verbose=0, callbacks=[noted])
    return noted.values


def one_weight():
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    return keras.Sequential([keras.Input((1,)), dense])


@pytest.mark.parametrize("layered", [False, True])
def test_gradients_are_gathered_and_schedules_count_batches(layered):
    """Of 8 batches, 3 an update: the weight moves after the 3rd and the 6th, at their rates."""
    model = one_weight()
    rate = schedules.Schedule("polynomial", 1.0, steps=8)
    optimizer = make(model, rate, [1.0] if layered else None, accumulate=3)
    values = accumulated(model, optimizer)
    third, sixth = 1 - 2 / 8, 1 - 5 / 8
    expected = [0, 0, -third, -third, -third, *[-third - sixth] * 3]
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert int(optimizer.iterations) == 2


def test_an_average_is_as_slow_counted_in_updates_whatever_is_gathered():
    reached = []
    for accumulate in (1, 4):
        model = one_weight()
        optimizer = make(model, accumulate=accumulate, ema_momentum=0.9)
        accumulated(model, optimizer, batches=40 * accumulate)
        reached.append(model.get_weights()[0].item())  # fit ends with the averages
    assert reached[0] == pytest.approx(reached[1], rel=0.03)
    assert reached[0] > -3.3  # the weight itself is at -4
