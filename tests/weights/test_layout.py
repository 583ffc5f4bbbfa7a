"""From the arrays of published files to variables: a bijection, or nothing is changed."""

import re

import keras
import numpy as np
import pytest

from dlkit.weights import WeightsError, layout

DRAW = np.random.default_rng(0)


def network(classes=3, channels=3, hidden=True):
    """A grouped and a depthwise convolution, a norm, and a dense layer behind a map."""
    image = keras.Input((4, 4, channels))
    x = keras.layers.Conv2D(6, 3, padding="same", use_bias=False, name="stem_conv")(image)
    x = keras.layers.BatchNormalization(name="stem_norm", epsilon=1e-5)(x)
    x = keras.layers.Conv2D(4, 1, groups=2, name="grouped_conv")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depth_conv")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.5)(x)
    x = keras.layers.Dense(5, name="fc6")(x)
    return keras.Model(image, keras.layers.Dense(classes, name="logits")(x), name="net")


PLACES = {
    "stem_conv": "features.0",
    "stem_norm": "features.1",
    "grouped_conv": "features.3",
    "depth_conv": "features.4",
    "fc6": "classifier.1",
    "logits": "classifier.4",
}
TORCH = layout.Layout("torch", PLACES.get, unused=("*.num_batches_tracked",))
SHAPES = {
    "features.0.weight": (6, 3, 3, 3),
    "features.1.weight": (6,),
    "features.1.bias": (6,),
    "features.1.running_mean": (6,),
    "features.1.running_var": (6,),
    "features.1.num_batches_tracked": (),
    "features.3.weight": (4, 3, 1, 1),
    "features.3.bias": (4,),
    "features.4.weight": (4, 1, 3, 3),
    "classifier.1.weight": (5, 4 * 4 * 4),
    "classifier.1.bias": (5,),
    "classifier.4.weight": (3, 5),
    "classifier.4.bias": (3,),
}


def arrays():
    found = {name: DRAW.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}
    found["features.1.running_var"] = np.abs(found["features.1.running_var"])
    return found


def by_hand(image, held):
    """What torch computes, channels first, written out."""
    x = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    maps = np.zeros((6, 4, 4))
    for o in range(6):
        for i in range(4):
            for j in range(4):
                maps[o, i, j] = (x[:, i : i + 3, j : j + 3] * held["features.0.weight"][o]).sum()
    mean, var = (held[f"features.1.running_{kind}"] for kind in ("mean", "var"))
    maps = (maps - mean[:, None, None]) / np.sqrt(var + 1e-5)[:, None, None]
    maps = maps * held["features.1.weight"][:, None, None]
    maps = maps + held["features.1.bias"][:, None, None]
    weight, bias = held["features.3.weight"][:, :, 0, 0], held["features.3.bias"]
    groups = [maps[:3], maps[:3], maps[3:], maps[3:]]
    maps = np.stack([np.tensordot(weight[o], groups[o], 1) + bias[o] for o in range(4)])
    x = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
    maps = np.zeros((4, 4, 4))
    for c in range(4):
        for i in range(4):
            for j in range(4):
                maps[c, i, j] = (x[c, i : i + 3, j : j + 3] * held["features.4.weight"][c, 0]).sum()
    y = held["classifier.1.weight"] @ maps.ravel() + held["classifier.1.bias"]
    return held["classifier.4.weight"] @ y + held["classifier.4.bias"]


def test_torchs_arrays_compute_what_they_do_in_torch():
    held, model = arrays(), network()
    report = layout.assign(model, held, TORCH)
    image = DRAW.normal(size=(3, 4, 4)).astype("float32")
    found = model(image.transpose(1, 2, 0)[None]).numpy()[0]
    np.testing.assert_allclose(found, by_hand(image, held), rtol=1e-4, atol=1e-4)
    assert len(report.moves) == len(model.weights) and not report.fresh
    assert report.unused == ("features.1.num_batches_tracked",)
    assert "fc6/kernel  <-  classifier.1.weight  (transposed)" in str(report)


def values(model):
    return [value.copy() for value in model.get_weights()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("features.1.bias"), "the file lacks features.1.bias"),
        (lambda a: a.update(more=np.zeros(2)), "the model has no place for more"),
        (
            lambda a: a.update({"classifier.1.bias": np.zeros(6)}),
            "fc6/bias has shape (5,), and classifier.1.bias in the file (6,)",
        ),
        (
            lambda a: a.update({"classifier.4.bias": np.array([0, np.nan, 1], "float32")}),
            "classifier.4.bias in the file has values that are NaN",
        ),
    ],
)
def test_what_does_not_fit_changes_nothing(change, message):
    held, model = arrays(), network()
    change(held)
    before = values(model)
    with pytest.raises(WeightsError, match=re.escape(message)):
        layout.assign(model, held, TORCH)
    for one, other in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_head_of_other_classes_stays_fresh():
    held, model = arrays(), network(classes=7)
    head = model.get_layer("logits").kernel.numpy()
    report = layout.assign(model, held, TORCH)
    assert report.fresh == ("logits/kernel", "logits/bias")
    np.testing.assert_array_equal(model.get_layer("logits").kernel, head)
    stem = held["features.0.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(model.get_layer("stem_conv").kernel, stem)


def test_a_head_of_other_classes_is_refused_unless_it_may_be_fresh():
    held, model = arrays(), network(classes=7)
    before = values(model)
    with pytest.raises(WeightsError, match=r"tells 3 classes apart, and .* others") as caught:
        layout.assign(model, held, TORCH, fresh_head=False)
    assert "num_classes=3" in caught.value.fix
    for one, other in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_head_of_the_same_classes_and_other_features_is_another_networks():
    held, model = arrays(), network()
    held["classifier.4.weight"] = held["classifier.4.weight"][:, :2]
    with pytest.raises(WeightsError, match="logits/kernel has shape"):
        layout.assign(model, held, TORCH)


@pytest.mark.parametrize(("channels", "factor"), [(1, 3), (4, 3 / 4), (6, 3 / 6)])
def test_other_channels_see_a_gray_image_as_three_did(channels, factor):
    held, model = arrays(), network(channels=channels)
    layout.assign(model, held, TORCH)
    whole = held["features.0.weight"].transpose(2, 3, 1, 0)
    kernel = model.get_layer("stem_conv").kernel.numpy()
    if channels == 1:
        expected = whole.sum(axis=2, keepdims=True)
    else:
        expected = np.concatenate([whole, whole], axis=2)[:, :, :channels] * factor
    np.testing.assert_allclose(kernel, expected, rtol=1e-6)


def test_by_order_where_names_mean_nothing():
    source, model = network(), network()
    held = {f"conv2d_{i}/0": value for i, value in enumerate(source.get_weights())}
    layout.assign(model, held, layout.Layout("keras"))
    for one, other in zip(source.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    held.popitem()
    with pytest.raises(WeightsError, match="the file lacks array 11"):
        layout.assign(model, held, layout.Layout("keras"))


def test_a_network_without_a_head_leaves_the_files_aside():
    held, whole = arrays(), network()
    features = keras.Model(whole.input, whole.get_layer("fc6").output, name="net")
    report = layout.assign(features, held, TORCH)
    assert {"classifier.4.weight", "classifier.4.bias"} <= set(report.unused)
    np.testing.assert_array_equal(features.get_layer("fc6").kernel.shape, (64, 5))
    assert len(report.moves) == len(features.weights)


def test_by_order_the_last_layer_is_the_head():
    source = network()
    held = {f"layer_{i}/0": value for i, value in enumerate(source.get_weights()[:-2])}
    held |= {f"last/{i}": value for i, value in enumerate(source.get_weights()[-2:])}
    features = keras.Model(source.input, source.get_layer("fc6").output, name="net")
    report = layout.assign(features, held, layout.Layout("keras"))
    assert report.unused == ("last/0", "last/1") and not report.fresh
    held["last/2"] = held.pop("layer_0/0")  # what the network needs is still asked for
    with pytest.raises(WeightsError, match="the file lacks"):
        layout.plan(features, held, layout.Layout("keras"))


def test_a_head_that_is_called_otherwise():
    held, model = arrays(), network(classes=7)
    model.get_layer("logits").name = "conv10"
    places = {**PLACES, "conv10": "classifier.4"}
    known = layout.Layout("torch", places.get, unused=TORCH.unused, head="conv10")
    assert layout.assign(model, held, known).fresh == ("logits/kernel", "logits/bias")


@pytest.mark.parametrize("wrapped", ["module.", "_orig_mod.module."])
def test_what_torchs_wrappers_put_before_names(wrapped):
    held, model = arrays(), network()
    report = layout.assign(model, {f"{wrapped}{name}": a for name, a in held.items()}, TORCH)
    assert not report.fresh
    np.testing.assert_array_equal(model.get_layer("logits").bias, held["classifier.4.bias"])


def test_names_that_older_files_spell_otherwise():
    held, model = arrays(), network()
    older = {name.replace("features.1.", "features.bn.1."): a for name, a in held.items()}
    known = layout.Layout("torch", PLACES.get, TORCH.unused, spelled=(r"\.bn\.", "."))
    layout.assign(model, older, known)
    np.testing.assert_array_equal(model.get_layer("stem_norm").gamma, held["features.1.weight"])


def test_a_parameter_of_a_block_has_no_layer_to_its_name():
    from dlkit.layers import LayerScale

    image = keras.Input((2, 2, 3))
    model = keras.Model(image, LayerScale(name="scale")(image))
    value = np.arange(3, dtype="float32").reshape(3, 1, 1)
    known = layout.Layout("torch", {"scale": "block.layer_scale"}.get)
    layout.assign(model, {"block.layer_scale": value}, known)
    np.testing.assert_array_equal(model.weights[0], [0, 1, 2])
