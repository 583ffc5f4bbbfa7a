"""What networks were published for, against Keras' own preprocessing."""

import keras
import numpy as np
import pytest
from keras.applications.imagenet_utils import preprocess_input

from dlkit import blocks

MODES = {"caffe": blocks.caffe, "tf": blocks.symmetric, "torch": blocks.imagenet}


def applied(preprocess, images):
    image, x = blocks.image_input(images.shape[1:], preprocess)
    return np.asarray(keras.Model(image, x)(images))


@pytest.mark.parametrize("mode", MODES)
def test_equals_keras_preprocess_input(mode):
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 3), dtype="uint8")
    theirs = preprocess_input(images.astype("float32"), mode=mode)
    np.testing.assert_allclose(applied(MODES[mode], images), theirs, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [1, 4])
def test_images_of_other_channels_get_the_means_mean(mode, channels):
    images = np.full((1, 2, 2, channels), 110, "uint8")
    gray = applied(MODES[mode], images)
    assert gray.shape == images.shape
    expected = {
        "caffe": 110 - (103.939 + 116.779 + 123.68) / 3,
        "tf": 110 / 127.5 - 1,
        "torch": (110 / 255 - (0.485 + 0.456 + 0.406) / 3) / ((0.229 + 0.224 + 0.225) / 3),
    }[mode]
    np.testing.assert_allclose(gray, expected, rtol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_weightless_float32_and_back_from_a_file(mode, tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        image, x = blocks.image_input((4, 4, 3), MODES[mode])
    finally:
        keras.config.set_dtype_policy("float32")
    model = keras.Model(image, x)
    assert keras.backend.standardize_dtype(x.dtype) == "float32"
    assert not model.weights
    model.save(tmp_path / "m.keras")
    images = np.arange(48, dtype="uint8").reshape(1, 4, 4, 3)
    twin = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(twin(images), model(images))
