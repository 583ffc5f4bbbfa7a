"""Checkpoints from elsewhere: their hashes are as hostile as they are, and match."""

import hashlib
import json
import pickle
import zipfile

import numpy as np
import pytest

from dlkit.train import checkpoint


class Payload:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def pickled(path, marker):
    np.savez(path, evil=np.array([Payload(marker)], dtype=object))


def pickle_alone(path, marker):
    path.write_bytes(pickle.dumps(Payload(marker)))


def member(name, content):
    def write(path, marker):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content)

    return write


def header(text):
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(8)


TERABYTES = "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }"
HOSTILE = {
    "pickled": (pickled, "evil.npy holds Python objects"),
    "pickle alone": (pickle_alone, "it is no .npz file"),
    "terabytes": (member("model/0.npy", header(TERABYTES)), "model/0.npy declares 8,796,093,022"),
    "no header": (member("model/0.npy", header("(" * 90)), "it is no .npz file, or is damaged"),
    "no array": (member("readme.txt", b"text"), "it is no .npz file, or is damaged"),
    "zeros": (
        lambda path, marker: np.savez_compressed(path, zeros=np.zeros(2**24)),
        "zeros.npy would unfold from",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_arrays(tmp_path, marker, kind):
    write, told = HOSTILE[kind]
    arrays = tmp_path / checkpoint.ARRAYS
    write(arrays, marker)
    digest = hashlib.sha256(arrays.read_bytes()).hexdigest()
    facts = {"format": checkpoint.FORMAT, "sha256": {checkpoint.ARRAYS: digest}, "step": 1}
    (tmp_path / checkpoint.FACTS).write_text(json.dumps(facts))
    with pytest.raises(checkpoint.Damaged) as caught:
        checkpoint.read(tmp_path)
    assert told in str(caught.value) and str(arrays) in str(caught.value)


@pytest.mark.parametrize("name", ["/dev/null", "../elsewhere", "state.json"])
def test_a_hash_of_another_file(tmp_path, name):
    facts = {"format": checkpoint.FORMAT, "sha256": {name: "0" * 64}, "step": 1}
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / checkpoint.FACTS).write_text(json.dumps(facts))
    with pytest.raises(checkpoint.Damaged, match="which is no file of a checkpoint"):
        checkpoint.read(tmp_path)
