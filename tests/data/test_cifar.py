import os
import pickle
import tarfile

import numpy as np
import pytest

from dlkit.data import cifar as module
from dlkit.data import cifar_names, published
from dlkit.data.cifar import cifar10, cifar100
from dlkit.data.errors import DataError
from tests.data import examples
from tests.data.examples import publish, sizes


@pytest.fixture
def batches(tmp_path):
    return examples.write_cifar10(tmp_path)


@pytest.mark.parametrize("python", examples.PICKLES)
def test_cifar10_from_its_folder(tmp_path, python):
    batches = examples.write_cifar10(tmp_path, examples.PICKLES[python])
    for folder in (batches, batches.parent):
        source = cifar10(data=folder)
        assert sizes(source) == {"train": 90, "val": 10, "test": 20}
    assert source.image_shape == (32, 32, 3) and source.class_names[3] == "cat"
    images, labels = source.arrays("test")
    data, expected = examples.cifar_batch(5)
    assert labels.tolist() == expected
    red, green, blue = data[7].reshape(3, 32, 32)
    np.testing.assert_array_equal(images[7], np.stack([red, green, blue], -1))


@pytest.mark.parametrize("python", examples.PICKLES)
def test_cifar100_has_two_kinds_of_label_and_one_split(tmp_path, python):
    folder = examples.write_cifar100(tmp_path, examples.PICKLES[python])
    fine, coarse = cifar100(data=folder), cifar100(data=folder.parent, labels="coarse")
    assert sizes(fine) == sizes(coarse) == {"train": 270, "val": 30, "test": 100}
    assert (len(fine.class_names), len(coarse.class_names)) == (100, 20)
    assert fine.image_shape == (32, 32, 3)
    for split in fine.splits:
        np.testing.assert_array_equal(fine.splits[split], coarse.splits[split])
    data, labels, groups = examples.cifar100_batch(1, 100)
    images, found = fine.arrays("test")
    np.testing.assert_array_equal(images[3], data[3].reshape(3, 32, 32).transpose(1, 2, 0))
    assert found.tolist() == labels and coarse.arrays("test")[1].tolist() == groups
    assert fine.fingerprint != coarse.fingerprint


def test_names_are_as_published():
    """Sorted by name, as in the archive's `meta`; five fine ones in each of the twenty groups."""
    for names, count in ((cifar_names.FINE, 100), (cifar_names.COARSE, 20)):
        assert len(set(names)) == count and list(names) == sorted(names)
    assert (cifar_names.FINE[0], cifar_names.FINE[52], cifar_names.FINE[99]) == (
        *("apple", "oak_tree", "worm"),
    )
    assert cifar_names.COARSE[9] == "large_man-made_outdoor_things"


def test_an_unknown_kind_of_label_is_refused():
    with pytest.raises(DataError, match=r"labels is fine or coarse, not 'fin'. Did you mean"):
        cifar100(labels="fin")


def test_cifar10_is_fetched_and_unpacked_once(monkeypatch, tmp_path, cache, batches):
    file = tmp_path / "published.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.add(batches, batches.name)
    monkeypatch.setattr(module, "CIFAR10", publish(file, module.CIFAR10))
    source = cifar10()
    assert source.fingerprint == cifar10(data=batches).fingerprint
    file.unlink()
    assert cifar10().fingerprint == source.fingerprint
    (cache / "cifar-10-batches-py-target_archive").unlink()
    assert cifar10().fingerprint == source.fingerprint


def test_an_archive_without_room_to_unpack_it(monkeypatch, tmp_path, cache):
    file = tmp_path / "published.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    monkeypatch.setattr(module, "CIFAR10", publish(file, module.CIFAR10))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(published.unpack, "unpack", full)
    with pytest.raises(DataError, match=r"cannot be unpacked to .*: No space left") as caught:
        cifar10()
    assert "export DLKIT_HOME" in caught.value.fix


class Evil:
    def __reduce__(self):
        return os.system, ("touch pwned",)


def test_a_pickle_that_asks_to_run_code_is_refused(batches, monkeypatch):
    monkeypatch.chdir(batches)
    (batches / "data_batch_3").write_bytes(pickle.dumps({b"data": Evil(), b"labels": []}))
    with pytest.raises(DataError, match=r"data_batch_3 is no batch .* asks for (posix|nt)\.system"):
        cifar10(data=batches)
    assert not (batches / "pwned").exists()


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"garbage",
        pickle.dumps([1, 2]),
        pickle.dumps({b"data": np.zeros((2, 3072), np.uint8)}),
        pickle.dumps({b"data": np.zeros((2, 3000), np.uint8), b"labels": [0, 1]}),
        pickle.dumps({b"data": np.zeros((2, 3072)), b"labels": [0, 1]}, protocol=2),
        pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [0]}, protocol=2),
        b"\x80\x02cnumpy\nndarray\n(\x8a\x05\x00\x00\x00\x00\x10t\x85R.",  # a terabyte, asked for
    ],
)
def test_a_damaged_batch_is_refused_by_path(batches, contents):
    (batches / "test_batch").write_bytes(contents)
    with pytest.raises(DataError, match="test_batch"):
        cifar10(data=batches)


def test_a_label_out_of_range_is_refused(batches):
    data, labels = examples.cifar_batch(5)
    labels[4] = 11
    (batches / "test_batch").write_bytes(pickle.dumps({b"data": data, b"labels": labels}))
    with pytest.raises(DataError):
        cifar10(data=batches)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match="gone is no folder"):
        cifar10(data=tmp_path / "gone")
    (tmp_path / "test_batch").write_bytes(b"")
    with pytest.raises(DataError, match="lacks data_batch_1, data_batch_2"):
        cifar10(data=tmp_path)
    with pytest.raises(DataError, match="lacks train, test") as caught:
        cifar100(data=tmp_path)
    assert "--data path/to/cifar-100-python" in caught.value.fix


@pytest.mark.parametrize("dataset", [cifar10, cifar100])
@pytest.mark.parametrize("wrong", [{"image_size": 0}, {"val_share": 0}, {"val_share": 1.0}])
def test_options_are_checked_before_anything_is_fetched(dataset, wrong):
    with pytest.raises(DataError, match=next(iter(wrong))):
        dataset(**wrong)
