import hashlib
import os
import pathlib
import pickle
import subprocess
import sys
import tarfile

import keras
import numpy as np
import pytest

from dlkit.data import keras_datasets, published_files
from dlkit.data.errors import DataError
from dlkit.data.keras_datasets import cifar10, mnist

ROOT = pathlib.Path(__file__).parents[2]


def mnist_arrays(train=60, test=20):
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": (np.arange(train) % 10).astype(np.uint8),
        "x_test": random.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": (np.arange(test) % 10).astype(np.uint8),
    }


@pytest.fixture
def npz(tmp_path):
    np.savez(tmp_path / "mnist.npz", **mnist_arrays())
    return tmp_path / "mnist.npz"


def python2_pickle(data, labels):
    """The bytes that Python 2's pickle (protocol 2) writes for a batch, as published."""

    def text(value):
        return b"U" + bytes([len(value)]) + value

    def integers(values):
        return b"](" + b"".join(b"J" + int(v).to_bytes(4, "little") for v in values) + b"e"

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n"
        b"cnumpy\nndarray\nK\x00\x85"
        + text(b"b")
        + b"\x87R"
        + b"(K\x01"
        + b"".join(b"J" + n.to_bytes(4, "little") for n in data.shape)
        + b"\x86"
        + b"cnumpy\ndtype\n"
        + text(b"u1")
        + b"K\x00K\x01\x87R"
        + b"(K\x03"
        + text(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        + b"\x89T"
        + data.size.to_bytes(4, "little")
        + data.tobytes()
        + b"tb"
    )
    return b"\x80\x02}(" + text(b"labels") + integers(labels) + text(b"data") + array + b"u."


def cifar_batch(number, n=20):
    data = np.random.default_rng(number).integers(0, 256, (n, 3072), np.uint8)
    return data, [(number + row) % 10 for row in range(n)]


@pytest.fixture(params=["python 2", "python 3"])
def batches(request, tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for number, name in enumerate((*published_files.CIFAR_TRAIN, published_files.CIFAR_TEST)):
        data, labels = cifar_batch(number)
        contents = (
            python2_pickle(data, labels)
            if request.param == "python 2"
            else pickle.dumps({b"data": data, b"labels": labels}, protocol=2)
        )
        (folder / name).write_bytes(contents)
    (folder / "batches.meta").write_bytes(b"not read")
    return folder


def sizes(source):
    return {name: len(rows) for name, rows in source.splits.items()}


def test_mnist_from_a_file(npz):
    source = mnist(data=str(npz))
    assert sizes(source) == {"train": 55, "val": 5, "test": 20}
    assert source.image_shape == (28, 28, 1) and source.class_names == tuple("0123456789")
    images, labels = source.arrays("test")
    np.testing.assert_array_equal(images[..., 0], mnist_arrays()["x_test"])
    np.testing.assert_array_equal(labels, mnist_arrays()["y_test"])
    assert max(source.splits["val"]) < 60


def test_resizing_keeps_the_fingerprint(npz):
    large = mnist(data=npz, image_size=32)
    assert large.image_shape == (32, 32, 1)
    assert large.fingerprint == mnist(data=npz).fingerprint
    assert large.fingerprint != mnist(data=npz, val_share=0.2).fingerprint


def test_cifar10_from_its_folder(batches):
    for folder in (batches, batches.parent):
        source = cifar10(data=folder)
        assert sizes(source) == {"train": 90, "val": 10, "test": 20}
    assert source.image_shape == (32, 32, 3) and source.class_names[3] == "cat"
    images, labels = source.arrays("test")
    data, expected = cifar_batch(5)
    assert labels.tolist() == expected
    red, green, blue = data[7].reshape(3, 32, 32)
    np.testing.assert_array_equal(images[7], np.stack([red, green, blue], -1))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "home" / "datasets"


def publish(monkeypatch, name, file):
    """Has a dataset's file come from this machine."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    published = getattr(keras_datasets, name)
    here = published._replace(url=file.as_uri(), hash=f"sha256:{digest}")
    monkeypatch.setattr(keras_datasets, name, here)


def test_as_published_5000_training_images_are_val(monkeypatch):
    arrays = mnist_arrays(60_000, 10_000)
    published = ((arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"]))
    monkeypatch.setattr(published_files, "mnist", lambda path: published)
    source = mnist(data="mnist.npz")
    assert sizes(source) == {"train": 55_000, "val": 5_000, "test": 10_000}
    assert np.bincount(source.labels[source.splits["val"]]).tolist() == [500] * 10


def test_mnist_is_fetched_once(monkeypatch, npz, cache):
    publish(monkeypatch, "MNIST", npz)
    expected = mnist(data=npz).fingerprint
    assert mnist().fingerprint == expected
    npz.unlink()
    assert mnist().fingerprint == expected
    assert (cache / "mnist.npz").is_file()


@pytest.mark.parametrize("batches", ["python 3"], indirect=True)
def test_cifar10_is_fetched_and_unpacked_once(monkeypatch, tmp_path, cache, batches):
    file = tmp_path / "published.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.add(batches, batches.name)
    publish(monkeypatch, "CIFAR10", file)
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
    publish(monkeypatch, "CIFAR10", file)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras_datasets.unpack, "unpack", full)
    with pytest.raises(DataError, match=r"cannot be unpacked to .*: No space left") as caught:
        cifar10()
    assert "export DLKIT_HOME" in caught.value.fix


class Evil:
    def __reduce__(self):
        return os.system, ("touch pwned",)


@pytest.mark.parametrize("batches", ["python 3"], indirect=True)
def test_a_pickle_that_asks_to_run_code_is_refused(batches, monkeypatch):
    monkeypatch.chdir(batches)
    (batches / "data_batch_3").write_bytes(pickle.dumps({b"data": Evil(), b"labels": []}))
    with pytest.raises(DataError, match=r"data_batch_3 is no batch .* asks for (posix|nt)\.system"):
        cifar10(data=batches)
    assert not (batches / "pwned").exists()


@pytest.mark.parametrize("batches", ["python 3"], indirect=True)
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


@pytest.mark.parametrize("batches", ["python 3"], indirect=True)
def test_a_label_out_of_range_is_refused(batches):
    data, labels = cifar_batch(5)
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
    with pytest.raises(DataError, match="is no file"):
        mnist(data=tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": np.zeros((60, 27, 28), np.uint8)}, r"\(train\): expected images"),
        ({"y_test": np.zeros(3, np.uint8)}, r"\(test\): expected images"),
        ({"x_test": np.zeros((20, 28, 28))}, "of float64"),
        ({"y_test": np.full(20, 10, np.uint8)}, "labels out of range"),
        ({"x_train": np.array([None] * 60)}, "is no mnist.npz, or is damaged"),
    ],
)
def test_an_npz_that_is_not_mnist_is_refused(tmp_path, change, message):
    np.savez(tmp_path / "mnist.npz", **(mnist_arrays() | change))
    with pytest.raises(DataError, match=message):
        mnist(data=tmp_path / "mnist.npz")


@pytest.mark.parametrize("cut", [0, 100, 5_000])
def test_a_damaged_npz_is_refused(npz, cut):
    npz.write_bytes(npz.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"mnist\.npz is no mnist\.npz, or is damaged"):
        mnist(data=npz)


@pytest.mark.parametrize("dataset", [mnist, cifar10])
@pytest.mark.parametrize("wrong", [{"image_size": 0}, {"val_share": 0}, {"val_share": 1.0}])
def test_options_are_checked_before_anything_is_fetched(dataset, wrong):
    with pytest.raises(DataError, match=next(iter(wrong))):
        dataset(**wrong)


OFFLINE = """
from dlkit.data.errors import DataError
from dlkit.data.keras_datasets import cifar10, mnist
for dataset in (mnist, cifar10):
    try:
        dataset()
    except DataError as error:
        print(error)
"""


def test_offline_the_message_says_what_from_where_and_where_to_put_it(tmp_path):
    """In a process of its own, behind a proxy that is not there."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    environment = {**os.environ, **nowhere, "no_proxy": "", "KERAS_HOME": str(tmp_path)}
    environment.pop("DLKIT_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    for published in (keras_datasets.MNIST, keras_datasets.CIFAR10):
        told = f"{published.name} is not on this machine and could not be fetched"
        assert told in done.stdout, done.stderr
        assert f"From: {published.url}" in done.stdout
        assert f"save that file as {tmp_path / 'datasets' / published.name}" in done.stdout
    assert done.stdout.count("dlkit train NAME --dataset digits") == 2


def test_the_files_are_those_that_keras_publishes(monkeypatch):
    """Keras' own loaders ask `get_file` for these addresses, names and hashes."""
    asked = {}

    def get_file(**options):
        asked[options["origin"]] = options
        raise Exception("stop")

    for name in ("mnist", "cifar10"):
        loader = getattr(keras.datasets, name).load_data
        monkeypatch.setitem(loader.__globals__, "get_file", get_file)
        with pytest.raises(Exception, match="stop"):
            loader()
    for published in (keras_datasets.MNIST, keras_datasets.CIFAR10):
        options = asked[published.url]
        archive = "_archive" if options.get("extract") else ""
        assert options["fname"] + archive == published.name
        assert "sha256:" + options["file_hash"] == published.hash
