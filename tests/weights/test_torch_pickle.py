"""torch's files, read without torch."""

import collections
import os
import pickle

import numpy as np
import pytest

from dlkit.registry.errors import UnsafeFile
from dlkit.weights import torch_pickle
from tests.weights import torch_files

ARRAYS = {
    "conv.weight": np.arange(24, dtype="float32").reshape(2, 3, 2, 2),
    "bn.num_batches_tracked": np.array(7),
    "half": np.array([0.5, -2], "float16"),
    "empty": np.zeros((0, 3), "float32"),
}


@pytest.fixture(params=[torch_files.save, torch_files.save_old, torch_files.save_oldest])
def save(request):
    return request.param


def assert_read(path):
    found = torch_pickle.read(path)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        found[name][...] = 0  # its own, to be written to


def test_both_formats(save, tmp_path):
    save(tmp_path / "net.pth", torch_files.tensors(ARRAYS))
    assert_read(tmp_path / "net.pth")


@pytest.mark.parametrize("name", ["state_dict", "model"])
def test_the_state_of_a_checkpoint(tmp_path, name):
    torch_files.save(
        tmp_path / "net.pth",
        torch_files.tensors(ARRAYS),
        lambda held: {"epoch": 3, name: held, "args": {"lr": 0.1}},
    )
    assert_read(tmp_path / "net.pth")


def test_a_tensor_may_be_a_transposed_part_of_its_storage(tmp_path, save):
    array = np.arange(12, dtype="float32").reshape(3, 4)
    part = {"size": (2, 3), "stride": (1, 4), "offset": 2}
    save(tmp_path / "net.pth", torch_files.tensors({"w": array}, w=part))
    np.testing.assert_array_equal(torch_pickle.read(tmp_path / "net.pth")["w"], array.T[2:])


@pytest.mark.parametrize(
    "part",
    [
        {"size": (5, 3), "stride": (3, 1)},
        {"size": (2, 2), "stride": (11, 1)},
        {"size": (1,), "stride": (1,), "offset": 12},
        {"size": (2, 2), "stride": (-1, 1), "offset": 4},
        {"size": (2**40,), "stride": (0,)},
    ],
)
def test_a_tensor_that_reaches_out_of_its_storage(tmp_path, save, part):
    array = np.zeros((3, 4), "float32")
    save(tmp_path / "net.pth", torch_files.tensors({"w": array}, w=part))
    with pytest.raises(UnsafeFile, match="has a tensor"):
        torch_pickle.read(tmp_path / "net.pth")


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_nothing_is_run(tmp_path, save):
    held = torch_files.tensors(ARRAYS)
    if save is torch_files.save:
        save(tmp_path / "net.pth", held, lambda found: {**found, "x": Payload(tmp_path / "ran")})
    else:
        held["x"] = torch_files._Tensor("9", np.zeros(1, "float32"))
        save(tmp_path / "net.pth", held)
        old = (tmp_path / "net.pth").read_bytes()
        (tmp_path / "net.pth").write_bytes(pickle.dumps(Payload(tmp_path / "ran")) + old)
    with pytest.raises(UnsafeFile, match=r"names (posix|nt)\.mkdir, which reading would run"):
        torch_pickle.read(tmp_path / "net.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("keep", [0, 1, 40, 200, -1])
def test_a_damaged_file(tmp_path, save, keep):
    save(tmp_path / "net.pth", torch_files.tensors(ARRAYS))
    whole = (tmp_path / "net.pth").read_bytes()
    (tmp_path / "net.pth").write_bytes(whole[:keep])
    with pytest.raises(ValueError, match=r"no file of torch's|storage"):
        torch_pickle.read(tmp_path / "net.pth")


def test_a_storage_that_is_a_part_of_another(tmp_path):
    torch_files.save_oldest(tmp_path / "net.pth", torch_files.tensors(ARRAYS), ("1", 2, 3))
    with pytest.raises(UnsafeFile, match="has a storage that is a part of another"):
        torch_pickle.read(tmp_path / "net.pth")


def test_a_pickle_of_something_else(tmp_path):
    (tmp_path / "net.pth").write_bytes(pickle.dumps(collections.OrderedDict(a=1)))
    with pytest.raises(ValueError, match="no file of torch's"):
        torch_pickle.read(tmp_path / "net.pth")
