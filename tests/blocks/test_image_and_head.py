"""Where images enter, and where probabilities leave."""

from functools import partial

import keras
import numpy as np
import pytest

from dlkit import blocks, layers


@pytest.fixture(params=["float32", "mixed_bfloat16", "mixed_float16"])
def policy(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


def small(input_shape=(6, 6, 3), **head):
    preprocess = partial(blocks.standardize, mean=(100.0, 120.0, 140.0), std=50.0)
    image, x = blocks.image_input(input_shape, preprocess)
    x = blocks.conv_norm_act(x, 4, 3, style=blocks.style("paper"), name="a")
    return keras.Model(image, blocks.classifier(x, **{"num_classes": 3, "pooling": "max", **head}))


def pixels(shape=(8, 6, 6, 3)):
    return np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")


def test_preprocessing_by_hand():
    image, x = blocks.image_input(
        (1, 1, 3), partial(blocks.standardize, mean=(100.0, 120.0, 140.0), std=(50.0, 10.0, 20.0))
    )
    values = keras.Model(image, x)(np.array([[[[0, 255, 140]]]], "uint8"))
    np.testing.assert_allclose(np.ravel(values), [-2.0, 13.5, 0.0], atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_images_of_other_channels_get_the_mean_of_the_constants(channels):
    image, x = blocks.image_input(
        (1, 1, channels), partial(blocks.standardize, mean=(90.0, 120.0, 150.0), std=(40, 50, 60))
    )
    assert x.shape == (None, 1, 1, channels)
    values = keras.Model(image, x)(np.full((1, 1, 1, channels), 170.0))
    np.testing.assert_allclose(np.ravel(values), [1.0] * channels, atol=1e-6)  # (170 - 120) / 50


def test_the_preprocessing_layer_has_no_weights_is_float32_and_comes_back_from_a_file(tmp_path):
    model = small()
    layer = model.get_layer("preprocessing")
    assert (layer.count_params(), layer.compute_dtype) == (0, "float32")
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(
        keras.models.load_model(tmp_path / "m.keras").predict(pixels(), verbose=0),
        model.predict(pixels(), verbose=0),
    )


def test_under_every_policy_the_ends_are_float32_and_the_trunk_follows(policy):
    model = small()
    compute = keras.dtype_policies.get(policy).compute_dtype
    assert model.get_layer("image").dtype == "float32"
    assert (
        keras.backend.standardize_dtype(model.get_layer("preprocessing").output.dtype) == "float32"
    )
    assert model.get_layer("a_conv").compute_dtype == compute
    p = model.predict(pixels(), verbose=0)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-6)


def test_uint8_and_float32_images_mean_the_same_in_predict_and_fit(policy):
    results = []
    for x in (pixels(), pixels().astype("float32")):
        keras.utils.set_random_seed(1)
        model = small()
        model.compile("sgd", "sparse_categorical_crossentropy")
        history = model.fit(x, np.arange(8) % 3, batch_size=3, shuffle=False, verbose=0)
        results.append([history.history["loss"], model.predict(x, verbose=0), model(x)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "shape, any_size",
    [
        ((32, 32), False),
        ((32, 32, 0), True),
        ((32, -1, 3), True),
        ((32.0, 32, 3), True),
        ((None, None, 3), False),
        ((32, 32, None), True),
        ((1, 32, 32, 3), True),
    ],
)
def test_a_shape_that_is_no_images_is_refused(shape, any_size):
    with pytest.raises(blocks.BlockError, match="is not the shape of images") as caught:
        blocks.image_input(shape, any_size=any_size)
    assert caught.value.fix == "Give all three: input_shape=(32, 32, 1)"


def test_images_that_vanish_are_refused_with_the_least_size():
    with pytest.raises(blocks.BlockError, match=r"15×40 are too small.*minimum is 16×16") as caught:
        blocks.image_input((15, 40, 3), minimum=16)
    assert caught.value.fix == "Enlarge them: input_shape=(16, 16, 3) or more"
    blocks.image_input((16, 16, 3), minimum=16)


def test_the_sides_may_be_open_where_the_network_allows_it():
    image, _ = blocks.image_input([None, 32, np.int64(3)], minimum=16, any_size=True)
    assert image.shape == (None, None, 32, 3)


def test_without_preprocessing_the_pixels_are_left_alone():
    image, x = blocks.image_input((4, 4, 1))
    assert x is image


def test_the_heads_layers():
    model = small(pooling="average", activation="sigmoid")
    assert [layer.name for layer in model.layers[-3:]] == ["average_pool", "logits", "predictions"]
    assert isinstance(model.layers[-1], layers.ClassifierOutput)
    assert model.layers[-1].activation == "sigmoid"


def test_dropout_stands_before_the_classifier_and_works_in_training_alone():
    model = small(dropout=0.5, pooling="average")
    assert [layer.name for layer in model.layers[-4:]] == ["average_pool", "dropout", "logits",
                                                           "predictions"]  # fmt: skip
    still = [np.asarray(model(pixels(), training=False)) for _ in range(2)]
    np.testing.assert_array_equal(*still)
    moved = [np.asarray(model(pixels(), training=True)) for _ in range(2)]
    assert not np.array_equal(*moved)
    bare = small(dropout=0.5, num_classes=0)
    assert "dropout" not in [layer.name for layer in bare.layers]


def test_no_classes_leave_the_features():
    assert small(num_classes=0).output.shape == (None, 4)
    assert small(num_classes=0, pooling=None).output.shape == (None, 6, 6, 4)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_classes": -1}, "num_classes=-1 is no number of classes"),
        ({"pooling": "averge"}, "no pooling 'averge'. Did you mean 'average'?"),
        ({"activation": "softmx"}, "no activation 'softmx'. Did you mean 'softmax'?"),
    ],
)
def test_a_head_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        small(**arguments)
    assert caught.value.fix
