"""Files of arrays that lead to other files, fill the memory, or hold code."""

import contextlib
import io
import os
import pickle
import zipfile

import h5py
import keras
import numpy as np
import pytest

import dlkit
from dlkit import weights
from dlkit.registry import errors, saved, saved_config
from dlkit.weights import hdf5, npz

HUGE = 2**34  # float32 of 64 GiB
BRANCH = "/layers/dense/vars"


def small():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="d")], name="net")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.weights.h5"
    small().save_weights(path)
    return path


def external_link(group, secret):
    group["0"] = h5py.ExternalLink(str(secret), "/values")


def soft_link(group, secret):
    group["0"] = h5py.SoftLink("/layers/dense/vars/1")


def external_storage(group, secret):
    group.create_dataset("0", (2, 3), "f4", external=[(str(secret), 0, 24)])


def virtual(group, secret):
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "values", (2, 3))
    group.create_virtual_dataset("0", layout)


def shape_bomb(group, secret):
    group.create_dataset("0", (HUGE,), "f4", chunks=(2**20,), compression="gzip")


def contiguous_bomb(group, secret):
    group.create_dataset("0", (HUGE,), "f4")


def chunk_bomb(group, secret):
    group.create_dataset("0", (1,), "f4", maxshape=(None,), chunks=(2**27,), compression="gzip")


FAULTS = {
    "CVE-2026-1669-external-link": (external_link, "is a link into the file '{secret}'"),
    "CVE-2026-1669-external-storage": (external_storage, "keeps its values in the file '{secret}'"),
    "CVE-2026-1669-virtual": (virtual, "is put together from other datasets"),
    "CVE-2026-1669-soft-link": (soft_link, "is a soft link, which no weights have"),
    "CVE-2026-0897-shape": (shape_bomb, "would unfold from 0 bytes to 68,719,476,736"),
    "CVE-2026-0897-never-written": (contiguous_bomb, "would unfold from 0 bytes to 68,719,"),
    "CVE-2026-0897-chunk": (chunk_bomb, "would unfold from 0 bytes to 536,870,912"),
}


@pytest.fixture(params=FAULTS)
def hostile(request, file, tmp_path):
    """The weights with a kernel of each kind, and what is said of it."""
    make, message = FAULTS[request.param]
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as other:
        other["values"] = np.ones((2, 3), "f4")
    with h5py.File(file, "r+") as opened:
        group = opened[BRANCH]
        del group["0"]
        make(group, secret)
    return file, f"{BRANCH}/0 {message.format(secret=secret)}"


def test_weights(hostile):
    path, message = hostile
    model = small()
    before = model.get_weights()
    with pytest.raises(errors.UnsafeFile) as caught:
        weights.load(model, path)
    assert caught.value.message.startswith(f"{path}: {message}")
    assert all(map(np.array_equal, before, model.get_weights()))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_weights_in_a_model(hostile, rewrite, method):
    path, message = hostile
    member = zipfile.ZipInfo("model.weights.h5")
    member.compress_type = method
    model = rewrite(members={"model.weights.h5": None})
    with zipfile.ZipFile(model, "a") as archive:
        archive.writestr(member, path.read_bytes())
    for load in (dlkit.load_model, lambda p: weights.load(small(), p)):
        with pytest.raises(errors.UnsafeFile) as caught:
            load(model)
        assert caught.value.message.startswith(f"{model}: model.weights.h5, {message}")


def test_cve_2026_0897_many_small_bombs(file):
    """No dataset is beyond the limit, all together are."""
    with h5py.File(file, "r+") as opened:
        for number in range(100):
            opened.create_dataset(f"x{number}", (2**23,), "f4")
    with pytest.raises(errors.UnsafeFile, match=r"/ would unfold from \d+ bytes to 3,355,443,"):
        hdf5.check(str(file), str(file))


def test_groups_that_hold_each_other_have_an_end(file):
    with h5py.File(file, "r+") as opened:
        opened["layers/round"] = opened["layers"]
    hdf5.check(str(file), str(file))


def test_groups_without_end(file, monkeypatch):
    with h5py.File(file, "r+") as opened:
        opened.create_group("/".join("a" * 150))
    with pytest.raises(errors.UnsafeFile, match="holds more groups than weights have"):
        hdf5.check(str(file), str(file))
    monkeypatch.setattr(hdf5, "MOST_DEPTH", 1000)
    monkeypatch.setattr(hdf5, "MOST_OBJECTS", 100)
    with pytest.raises(errors.UnsafeFile, match="holds more groups than weights have"):
        hdf5.check(str(file), str(file))


def test_compressed_weights_are_honest(file):
    """Zeros, as fresh biases and moments are, compress a thousandfold."""
    with h5py.File(file, "r+") as opened:
        group = opened[BRANCH]
        del group["0"]
        group.create_dataset("0", data=np.zeros((2, 3), "f4"), compression="gzip", chunks=True)
        opened.create_dataset("zeros", data=np.zeros((1000, 1000), "f4"), compression="gzip")
    weights.load(small(), file)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_hdf5(tmp_path, content, rewrite):
    path = tmp_path / "x.weights.h5"
    path.write_bytes(content)
    with pytest.raises(weights.WeightsError, match=r"x\.weights\.h5 cannot be read: "):
        weights.load(small(), path)
    with pytest.raises(errors.ModelFileError, match=r"is no \.keras archive"):
        dlkit.load_model(rewrite(members={"model.weights.h5": content}))


class Payload:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin", ".pkl", ".npz"])
def test_cve_2025_32434_pickles_of_torch_are_not_read(tmp_path, marker, suffix):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(pickle.dumps(Payload(marker)))
    with pytest.raises(weights.WeightsError, match=r"weights come in a \.weights\.h5 file"):
        weights.load(small(), path)


def test_a_pickle_among_arrays(tmp_path, marker):
    path = tmp_path / "x.npz"
    np.savez(path, fine=np.ones(3), evil=np.array([Payload(marker)], dtype=object))
    with pytest.raises(errors.UnsafeFile, match=r"evil\.npy holds Python objects, which reading"):
        npz.read(path)


def test_a_pickle_named_as_arrays(tmp_path, marker):
    path = tmp_path / "x.npz"
    path.write_bytes(pickle.dumps(Payload(marker)))
    with pytest.raises(ValueError, match=r"it is no \.npz file"):
        npz.read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", pickle.dumps(Payload(marker)))
    with pytest.raises(ValueError, match=r"it is no \.npz file"):
        npz.read(path)


def header(text):
    """The bytes of an array of that header and eight bytes of values."""
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(8)


@pytest.mark.parametrize(
    ("shape", "told"),
    [("(1099511627776,)", "8,796,093,022,208"), ("(-1,)", "-8"), ("(2, 3)", "48"), ("()", "8")],
)
def test_an_array_that_declares_another_size_than_it_has(tmp_path, shape, told):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
        archive.writestr("model/0.npy", header(text))
    if told == "8":
        assert npz.read(path)["model/0"] == 0
        return
    with pytest.raises(errors.UnsafeFile, match=rf"model/0\.npy declares {told} bytes and has 8"):
        npz.read(path)


@pytest.mark.parametrize("text", ["(" * 90, "{'descr': '<f8'", "__import__('os')", "'\\x"])
def test_a_header_that_is_no_literal(tmp_path, marker, text):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", header(text))
    with pytest.raises(ValueError, match=r"it is no \.npz file, or is damaged"):
        npz.read(path)


def test_cwe_409_arrays_that_unfold_to_gigabytes(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, zeros=np.zeros(2**24))
    with pytest.raises(errors.UnsafeFile, match=r"zeros\.npy would unfold from .* 134,217,"):
        npz.read(path)


def test_arrays_of_any_plain_type(tmp_path):
    path = tmp_path / "x.npz"
    arrays = {
        "model/0": np.arange(6, dtype="f4").reshape(2, 3),
        "bits": np.ones(3, "u2"),
        "text": np.array(["a", "bc"]),
        "none": np.zeros((0, 3)),
        "one": np.array(True),
        "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    }
    for save in (np.savez, np.savez_compressed):
        save(path, **arrays)
        found = npz.read(path)
        assert set(found) == set(arrays)
        for name, value in arrays.items():
            np.testing.assert_array_equal(found[name], value)
            assert found[name].dtype == value.dtype


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        npz.read(tmp_path / "x.npz")


def damaged(content, times):
    """Copies with some bytes changed, and some of them cut short."""
    random = np.random.default_rng(0)
    for _ in range(times):
        copy = bytearray(content)
        for place in random.integers(0, len(copy), random.integers(1, 4)):
            copy[place] = random.integers(256)
        yield copy[: random.integers(len(copy) // 2, 4 * len(copy))]


def test_any_damage_of_arrays_is_told(tmp_path):
    packed = io.BytesIO()
    np.savez(packed, a=np.arange(6.0), b=np.arange(3))
    path = tmp_path / "x.npz"
    for content in damaged(packed.getvalue(), 500):
        path.write_bytes(content)
        with contextlib.suppress(ValueError):
            npz.read(path)


def test_any_damage_of_weights_is_told(file):
    for content in damaged(file.read_bytes(), 500):
        file.write_bytes(content)
        with contextlib.suppress(OSError, errors.UnsafeFile):
            hdf5.check(str(file), str(file))


def test_any_damage_of_models_is_told(honest, tmp_path):
    path = tmp_path / "x.keras"
    for content in damaged(honest.read_bytes(), 500):
        path.write_bytes(content)
        with contextlib.suppress(errors.DlkitError):
            saved_config.check(saved.inspect(str(path)), str(path), "")
