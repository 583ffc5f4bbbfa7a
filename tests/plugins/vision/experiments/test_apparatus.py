"""What the experiments take networks apart with does what it says."""

import keras
import numpy as np
import pytest
from dlkit_vision.experiments import (
    batch_norm_rates,
    dead_sigmoid,
    lesions,
    training,
    transfer,
)

import dlkit


def test_every_digit_is_learned_from_or_judged_by_and_none_is_both():
    learned, judged = training.digits(8)
    assert (len(learned), len(judged)) == (1347, 450)
    seen = {image.tobytes() for image in learned.images}
    assert not any(image.tobytes() in seen for image in judged.images)


def test_classes_are_numbered_anew():
    data = training.Images(np.arange(6).reshape(6, 1, 1, 1), np.array([0, 5, 9, 7, 5, 1]))
    some = data.of(range(5, 10))
    assert some.labels.tolist() == [0, 4, 2, 0] and some.images.ravel().tolist() == [1, 2, 3, 4]


def test_accuracy_is_of_the_likeliest_class():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Activation("softmax")])
    data = training.Images(np.eye(2, dtype="float32"), np.array([0, 0]))
    assert training.accuracy(model, data) == 50.0


def test_norms_stand_before_the_sigmoids_and_nothing_else_changes():
    model = dead_sigmoid.with_norms(dead_sigmoid.lenet("sigmoid"))
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("BatchNormalization") == 4
    for n, kind in enumerate(kinds):
        if kind == "BatchNormalization":
            assert kinds[n - 1] in ("Conv2D", "Dense") and kinds[n + 1] == "Activation"
            assert model.layers[n - 1].activation is keras.activations.linear
            assert model.layers[n + 1].activation is keras.activations.sigmoid
    plain = dead_sigmoid.lenet("sigmoid")
    assert model.count_params() - plain.count_params() == 4 * (6 + 16 + 120 + 84)


def test_networks_with_and_without_norms_begin_with_the_same_kernels():
    found = []
    for style in (batch_norm_rates.NORMED, batch_norm_rates.BARE):
        keras.utils.set_random_seed(7)
        model = batch_norm_rates.network(style)
        found.append([layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")])
    assert len(found[0]) == 10 + 1
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_a_closed_way_around_changes_nothing_and_an_open_one_skips_a_layer():
    model = dlkit.create_model("plain20", num_classes=10, input_shape=(8, 8, 1))
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), dtype="uint8")
    copy, places = lesions.with_bypasses(model)
    assert len(places) == 19 - 3  # not the first, and not the two that make a step
    np.testing.assert_array_equal(copy(images), model(images))

    place = "conv3_block2_2"
    copy.get_layer(f"{place}_on").gate.assign(0.0)
    copy.get_layer(f"{place}_around").gate.assign(1.0)
    before = model.get_layer("conv3_block2_1_act").output
    after = model.get_layer("conv3_block2_out").output
    x = keras.Model(model.input, before)(images)
    skipped = keras.Model(after, model.output)(x)  # ReLU of what a ReLU gave
    np.testing.assert_allclose(copy(images), skipped, atol=1e-6)
    assert np.abs(np.asarray(skipped) - model(images)).max() > 1e-3


def test_ranks_fall_with_the_number_of_blocks():
    assert lesions.ranked(np.array([5.0, 4.0, 3.0, 2.0])) == pytest.approx(-1)
    assert lesions.ranked(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(1)


def test_upright_digits_stand_in_the_middle(monkeypatch):
    monkeypatch.setattr(transfer, "NOISE", 0.0)
    learned, _ = training.digits(transfer.INK)
    few = training.Images(learned.images[:20], learned.labels[:20])
    upright = transfer.moved(few, np.random.default_rng(0), strength=0.0)
    assert upright.images.shape == (20, 24, 24, 1)
    assert np.abs(upright.images[:, 5:19, 5:19].astype(int) - few.images).max() <= 1
    assert upright.images.astype(int).sum() == upright.images[:, 5:19, 5:19].astype(int).sum()


def test_digits_that_stand_anyhow_keep_their_ink_and_move_by_a_few_pixels(monkeypatch):
    monkeypatch.setattr(transfer, "NOISE", 0.0)
    learned, _ = training.digits(transfer.INK)
    random = np.random.default_rng(0)
    upright, anyhow = (transfer.moved(learned, random, strength) for strength in (0.0, 1.0))
    ink = [data.images.astype(float).sum(axis=(1, 2, 3)) for data in (upright, anyhow)]
    ratio = ink[1] / ink[0]
    assert 0.6 < ratio.min() < 0.75 and 1.3 < ratio.max() < 1.5  # 0.8² … 1.2²
    grid = np.arange(24)
    centres = [(data.images[..., 0] * grid).sum(axis=(1, 2)) / total
               for data, total in zip((upright, anyhow), ink, strict=True)]  # fmt: skip
    moved = centres[1] - centres[0]
    assert np.abs(moved).max() < 7 and moved.std() > 2 and abs(moved.mean()) < 0.5
