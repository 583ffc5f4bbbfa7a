"""Keras' older weight files."""

import h5py
import keras
import numpy as np
import pytest

from dlkit.registry.errors import UnsafeFile
from dlkit.weights import keras_h5


def write(file, layers):
    """As Keras 2 wrote them: names as bytes, variables with `:0`, a layer without weights too."""
    file.attrs["layer_names"] = [name.encode() for name in layers]
    for name, values in layers.items():
        group = file.create_group(name)
        names = [f"{name}/w{i}:0" for i in range(len(values))]
        group.attrs["weight_names"] = [each.encode() for each in names]
        for each, value in zip(names, values, strict=True):
            group.create_dataset(each, data=value)


LAYERS = {"input_1": [], "conv": [np.ones((3, 3, 1, 2)), np.zeros(2)], "fc": [np.eye(2)]}


@pytest.mark.parametrize("root", ["", "model_weights"])
def test_the_order_and_the_places(tmp_path, root):
    with h5py.File(tmp_path / "net.h5", "w") as file:
        write(file.create_group(root) if root else file, LAYERS)
    found = keras_h5.read(tmp_path / "net.h5")
    assert list(found) == ["conv/0", "conv/1", "fc/0"]
    np.testing.assert_array_equal(found["fc/0"], np.eye(2))


def test_a_list_of_names_that_was_cut_into_parts(tmp_path):
    with h5py.File(tmp_path / "net.h5", "w") as file:
        write(file, LAYERS)
        names = file.attrs["layer_names"]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:2], names[2:]
    assert list(keras_h5.read(tmp_path / "net.h5")) == ["conv/0", "conv/1", "fc/0"]


def test_what_keras_writes_today(tmp_path):
    from keras.src.legacy.saving import legacy_h5_format  # the oracle: no public door leads to it

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    with h5py.File(tmp_path / "net.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    found = keras_h5.read(tmp_path / "net.h5")
    for value, weight in zip(found.values(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(value, weight)


def test_no_weight_file(tmp_path):
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(ValueError, match="has no layer_names"):
        keras_h5.read(tmp_path / "net.h5")
    (tmp_path / "net.h5").write_bytes(b"nothing")
    with pytest.raises(OSError):
        keras_h5.read(tmp_path / "net.h5")


def test_values_in_another_file(tmp_path):
    with h5py.File(tmp_path / "net.h5", "w") as file:
        write(file, LAYERS)
        del file["fc"]
        file["fc"] = h5py.ExternalLink("other.h5", "/fc")
    with pytest.raises(UnsafeFile, match="is a link into the file"):
        keras_h5.read(tmp_path / "net.h5")
