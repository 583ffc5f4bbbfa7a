"""Freezing and depth: which layers learn, and how much."""

import types

import keras
import numpy as np
import pytest

from dlkit.inspection import depth
from dlkit.registry import errors
from dlkit.train import layerwise

LEVELS = {
    "C2": types.SimpleNamespace(layer="c2_out", stride=4),
    "C3": types.SimpleNamespace(layer="c3_out", stride=8),
    "C4": types.SimpleNamespace(layer="not_built", stride=16),
}


def build():
    """Two stages with a branch each, batch norm in the first, and a head."""
    keras.utils.set_random_seed(0)
    image = keras.Input((4,), name="image")
    x = keras.layers.Dense(4, name="stem")(image)
    x = keras.layers.BatchNormalization(name="stem_bn")(x)
    c2 = keras.layers.ReLU(name="c2_out")(x)
    short = keras.layers.Dense(4, name="c3_short")(c2)
    main = keras.layers.Dense(4, name="c3_first")(c2)
    main = keras.layers.Dense(4, name="c3_second")(main)
    c3 = keras.layers.Add(name="c3_out")([short, main])
    return keras.Model(image, keras.layers.Dense(2, name="head")(c3), name="net")


def moved(model, optimizer=None):
    """The layers whose weights, statistics included, one step changes."""
    model.compile(optimizer or keras.optimizers.SGD(0.1), "mse")
    before = {layer.name: layer.get_weights() for layer in model.layers}
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    model.fit(x, x[:, :2], verbose=0, batch_size=8)
    after = {layer.name: layer.get_weights() for layer in model.layers}
    return {
        name: [np.abs(a - b).max() for a, b in zip(after[name], before[name], strict=True)]
        for name in before
        if any((a != b).any() for a, b in zip(after[name], before[name], strict=True))
    }


BODY = ["stem", "stem_bn", "c3_short", "c3_first", "c3_second"]


@pytest.mark.parametrize(
    ("place", "frozen"),
    [
        ("C2", ["stem", "stem_bn"]),
        ("C3", BODY),
        ("head", BODY),
        ("c3_second", ["stem", "stem_bn", "c3_first"]),  # its sibling learns
        ("c3_short", ["stem", "stem_bn"]),
        ("c3_*", ["stem", "stem_bn"]),
        ("h*", BODY),
    ],
)
def test_what_leads_to_a_place_is_frozen_and_the_rest_moves(place, frozen):
    model = build()
    assert sorted(depth.freeze(model, place, LEVELS)) == sorted(frozen)
    assert sorted(moved(model)) == sorted({*BODY, "head"} - {*frozen})


def test_frozen_batch_norm_uses_its_moving_statistics():
    model = build()
    depth.freeze(model, "C2", LEVELS)
    x = np.random.default_rng(1).normal(3, 2, size=(16, 4)).astype("float32")
    until = keras.Model(model.inputs, model.get_layer("c2_out").output)
    np.testing.assert_array_equal(until(x, training=True), until(x, training=False))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("hed", "net has no such level or layer. Did you mean 'head'? Its levels are C2, C3."),
        ("C4", "no such level or layer"),
        ("image", "no layer before it has weights"),
        ("stem", "no layer before it has weights"),
    ],
)
def test_a_place_that_freezes_nothing_is_refused(place, message):
    with pytest.raises(errors.UsageError) as caught:
        depth.freeze(build(), place, LEVELS)
    assert message in str(caught.value) and "--set freeze=head" in caught.value.fix


def test_a_place_that_leaves_nothing_to_learn_is_refused_and_freezes_nothing():
    model = build()
    levels = {"C9": types.SimpleNamespace(layer="head", stride=64)}
    with pytest.raises(errors.UsageError, match="no layer is left to learn"):
        depth.freeze(model, "C9", levels)
    assert len(model.trainable_variables) == 12


def test_a_model_without_a_graph_is_refused():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    for ask in (lambda: depth.freeze(Own(), "head"), lambda: depth.factors(Own(), 0.5)):
        with pytest.raises(errors.UsageError, match="need a functional or sequential model"):
            ask()


def test_factors_fall_by_stage_from_the_head_down():
    model = build()
    found = depth.factors(model, 0.5, LEVELS)
    named = dict(zip((v.path for v in model.trainable_variables), found, strict=True))
    stages = {"stem": 0.25, "stem_bn": 0.25, "head": 1.0}
    assert named == {path: stages.get(path.split("/")[0], 0.5) for path in named}


def test_without_levels_each_kernel_begins_a_group():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(4, name="a"),
            keras.layers.BatchNormalization(name="a_norm"),
            keras.layers.Dense(4, name="b"),
            keras.layers.ReLU(),
            keras.layers.Dense(2, name="c"),
        ]
    )
    assert depth.factors(model, 0.5) == [0.25] * 4 + [0.5] * 2 + [1.0] * 2


class Scaled(keras.Model):
    """A graph of layers, and a weight in none of them."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.scale = self.add_weight(shape=(2,), initializer="ones", name="scale")

    def call(self, x):
        return super().call(x) * self.scale


def test_a_weight_in_no_layer_moves_as_the_head_does():
    image = keras.Input((4,))
    x = keras.layers.Dense(4, name="first")(image)
    model = Scaled(image, keras.layers.Dense(2, name="head")(x))
    found = depth.factors(model, 0.5)
    named = dict(zip((v.path for v in model.trainable_variables), found, strict=True))
    assert [share for path, share in named.items() if path.endswith("scale")] == [1.0]
    assert sorted(found) == [0.5, 0.5, 1.0, 1.0, 1.0]


def test_one_step_of_sgd_moves_each_stage_by_its_share():
    whole, part = build(), build()
    shares = depth.factors(part, 0.5, LEVELS)
    steps = [
        moved(model, layerwise.CLASSES["sgd"](factors=factors, learning_rate=0.1))
        for model, factors in ((whole, [1.0] * 12), (part, shares))
    ]
    for name, share in {"stem": 0.25, "c3_short": 0.5, "c3_second": 0.5, "head": 1.0}.items():
        np.testing.assert_allclose(steps[1][name], share * np.array(steps[0][name]), rtol=1e-4)


def test_frozen_layers_have_no_share():
    model = build()
    depth.freeze(model, "C2", LEVELS)
    assert depth.factors(model, 0.5, LEVELS) == [0.5] * 6 + [1.0] * 2
    factors = depth.factors(model, 0.5, LEVELS)
    changed = moved(model, layerwise.CLASSES["sgd"](factors=factors, learning_rate=0.1))
    assert sorted(changed) == ["c3_first", "c3_second", "c3_short", "head"]
