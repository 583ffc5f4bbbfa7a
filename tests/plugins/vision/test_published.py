"""The files of `keras.applications`: written by Keras from drawn weights, read, compared, and back.

Published files are the same with other numbers; there is no network here to fetch one.
"""

import h5py
import keras
import numpy as np
import pytest
from dlkit_vision.layouts import of_keras
from keras.src.legacy.saving import legacy_h5_format  # which wrote the published files

import dlkit
from dlkit import weights
from dlkit.weights import WeightsError, keras_h5, layout
from tests.plugins.vision import conftest

FAMILIES = {  # theirs, ours, options, layout, the side of an image
    "vgg16": ("VGG16", {"style": "keras"}, of_keras.VGG, 32),
    "resnet50": ("ResNet50", {"style": "keras"}, of_keras.RESNET, 32),
    "resnet50-v2": ("ResNet50V2", {}, of_keras.RESNET, 32),
    "inception-v3": ("InceptionV3", {}, of_keras.IN_ORDER, 75),
    "xception": ("Xception", {}, of_keras.IN_ORDER, 71),
    "densenet121": ("DenseNet121", {"style": "keras"}, of_keras.DENSENET, 32),
    "mobilenet": ("MobileNet", {}, of_keras.MOBILENET, 32),
    "mobilenet-v2": ("MobileNetV2", {}, of_keras.MOBILENET_V2, 32),
    "efficientnet-b0": ("EfficientNetB0", {}, of_keras.EFFICIENTNET, 96),
    "convnext-tiny": ("ConvNeXtTiny", {}, of_keras.IN_ORDER, 32),
}
QUICK = ("resnet50", "mobilenet")
CASES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES]


def theirs(name):
    family, _, _, side = FAMILIES[name]
    build = getattr(keras.applications, family)
    bare = {"include_preprocessing": False} if family == "ConvNeXtTiny" else {}
    return build(
        weights=None, input_shape=(side, side, 3), classes=7, classifier_activation=None, **bare
    )


def ours(name, **changed):
    _, options, _, side = FAMILIES[name]
    given = {
        "input_shape": (side, side, 3), "num_classes": 7, "classifier_activation": None,
        "include_preprocessing": False, **options, **changed,
    }  # fmt: skip
    return dlkit.create_model(name, **given)


def images(name, n=2):
    side = FAMILIES[name][3]
    return np.random.default_rng(1).normal(0, 1, (n, side, side, 3)).astype("float32")


def behind_preprocessing(model):
    """What the model makes of images that are preprocessed already."""
    constants = [x for x in model.layers if isinstance(x, keras.layers.Normalization)]
    return keras.Model(constants[-1].output, model.output) if constants else model


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Each family's file, and what its network answers."""
    made = {}

    def write(name):
        if name not in made:
            model = theirs(name)
            bare = behind_preprocessing(model)
            conftest.randomise(bare, images(name, 8))
            path = tmp_path_factory.mktemp(name) / "weights.h5"
            with h5py.File(path, "w") as file:
                legacy_h5_format.save_weights_to_hdf5_group(file, model)
            made[name] = path, np.asarray(bare(images(name), training=False))
        return made[name]

    return write


def write_as_keras(path, arrays):
    """Writes arrays, named as `read` names them, for Keras' own `load_weights`."""
    layers = {}
    for name in arrays:
        layers.setdefault(name.rpartition("/")[0], []).append(name)
    with h5py.File(path, "w") as opened:
        opened.attrs["layer_names"] = list(layers)
        for layer, names in layers.items():
            group = opened.create_group(layer)
            group.attrs["weight_names"] = [name.rpartition("/")[2] for name in names]
            for name in names:
                group[name.rpartition("/")[2]] = arrays[name]


def far(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_keras_gives_keras_outputs(name, written):
    path, expected = written(name)
    model = ours(name)
    report = weights.load(model, path, [FAMILIES[name][2]])
    assert len(report.moves) == len(model.weights) and not report.fresh
    assert far(np.asarray(model(images(name), training=False)), expected) <= 1e-5


@pytest.mark.parametrize("name", CASES)
def test_two_kernels_of_one_shape_that_change_places_are_seen(name, written):
    path, expected = written(name)
    model = ours(name)
    weights.load(model, path, [FAMILIES[name][2]])
    kernels = [w for w in model.weights if w.path.endswith("kernel") and len(w.shape) == 4]
    shapes = [tuple(w.shape) for w in kernels]
    first = next(i for i, shape in enumerate(shapes) if shapes.count(shape) > 1)
    one, other = kernels[first], kernels[shapes.index(shapes[first], first + 1)]
    before = one.numpy()
    one.assign(other.numpy())
    other.assign(before)
    assert far(np.asarray(model(images(name), training=False)), expected) > 1e-3


@pytest.mark.parametrize("name", CASES)
def test_and_the_way_back(name, written, tmp_path):
    """A file that we write, read by Keras into its own network."""
    path, expected = written(name)
    model = ours(name)
    weights.load(model, path, [FAMILIES[name][2]])
    arrays = keras_h5.read(path)
    for move in layout.plan(model, arrays, FAMILIES[name][2]).moves:
        arrays[move.source] = np.reshape(move.variable.numpy(), arrays[move.source].shape)
    write_as_keras(tmp_path / "ours.h5", arrays)
    back = theirs(name)
    with h5py.File(tmp_path / "ours.h5") as file:
        legacy_h5_format.load_weights_from_hdf5_group(file, back)
    found = behind_preprocessing(back)(images(name), training=False)
    assert far(np.asarray(found), expected) <= 1e-5


def test_a_file_of_another_network_is_refused(written):
    path, _ = written("mobilenet")
    with pytest.raises(WeightsError, match="is not of 'resnet50': the file lacks"):
        weights.load(ours("resnet50"), path, [of_keras.RESNET])


def test_a_fresh_head_and_gray_images(written):
    path, _ = written("resnet50")
    model = ours("resnet50", num_classes=3, input_shape=(32, 32, 1))
    report = weights.load(model, path, [of_keras.RESNET])
    assert report.fresh == ("logits/kernel", "logits/bias")
    assert report.moves[0].how == "adapted to the channels"
