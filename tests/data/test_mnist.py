import gzip

import numpy as np
import pytest

from dlkit.data import mnist as module
from dlkit.data import mnist_files
from dlkit.data.errors import DataError
from dlkit.data.mnist import fashion_mnist, mnist
from tests.data.examples import mnist_arrays, publish, sizes, write_idx


@pytest.fixture
def npz(tmp_path):
    np.savez(tmp_path / "mnist.npz", **mnist_arrays())
    return tmp_path / "mnist.npz"


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


def test_as_published_5000_training_images_are_val(monkeypatch):
    arrays = mnist_arrays(60_000, 10_000)
    published = ((arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"]))
    monkeypatch.setattr(mnist_files, "npz_file", lambda path: published)
    source = mnist(data="mnist.npz")
    assert sizes(source) == {"train": 55_000, "val": 5_000, "test": 10_000}
    assert np.bincount(source.labels[source.splits["val"]]).tolist() == [500] * 10


def test_mnist_is_fetched_once(monkeypatch, npz, cache):
    monkeypatch.setattr(module, "MNIST", publish(npz, module.MNIST))
    expected = mnist(data=npz).fingerprint
    assert mnist().fingerprint == expected
    npz.unlink()
    assert mnist().fingerprint == expected
    assert (cache / "mnist.npz").is_file()


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


ORDER = ("x_train", "y_train", "x_test", "y_test")


@pytest.fixture(params=["packed", "unpacked"])
def idx(request, tmp_path):
    arrays = mnist_arrays()
    return write_idx(tmp_path / "fashion", [arrays[k] for k in ORDER], request.param == "packed")


def test_fashion_mnist_from_its_folder(idx):
    source = fashion_mnist(data=idx)
    assert sizes(source) == {"train": 55, "val": 5, "test": 20}
    assert source.image_shape == (28, 28, 1) and source.class_names[9] == "Ankle boot"
    images, labels = source.arrays("test")
    np.testing.assert_array_equal(images[..., 0], mnist_arrays()["x_test"])
    np.testing.assert_array_equal(labels, mnist_arrays()["y_test"])


@pytest.mark.parametrize("idx", ["packed"], indirect=True)
def test_fashion_mnist_is_fetched_once(monkeypatch, idx, cache):
    here = tuple(publish(idx / file.name, file) for file in module.FASHION)
    monkeypatch.setattr(module, "FASHION", here)
    expected = fashion_mnist(data=idx).fingerprint
    assert fashion_mnist().fingerprint == expected
    for file in idx.iterdir():
        file.unlink()
    assert fashion_mnist().fingerprint == expected
    assert sorted(each.name for each in (cache / "fashion-mnist").glob("*.gz")) == sorted(
        mnist_files.IDX
    )


def packed(header, values=b""):
    return gzip.compress(header + values)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "cannot be read: it is no IDX file"),
        (b"garbage", "cannot be read: .*ot a gzipped file"),
        (packed(b"\0\0\x0d\x01\0\0\0\x01", b"\0\0\0\0"), "no IDX file of bytes"),
        (packed(b"\0\0\x08\x03\0\0"), "cannot be read"),
        (packed(b"\0\0\x08\x01" + b"\x7f" * 4), "claims 2,139,062,143 bytes"),
        (packed(b"\0\0\x08\x01\0\0\0\x09", b"12"), "claims 9 bytes, and there are 2"),
        (packed(b"\0\0\x08\x01\0\0\0\x01", b"12"), "claims 1 bytes, and there are more"),
        (packed(b"\0\0\x08\x01\0\0\0\x03", b"123"), r"\(n, 28, 28\) of uint8 and n labels, found"),
        (packed(b"\0\0\x08\x01\0\0\0\x14", b"1" * 20)[:-9], "cannot be read"),
    ],
)
@pytest.mark.parametrize("idx", ["packed"], indirect=True)
def test_a_damaged_idx_file_is_refused(idx, contents, message):
    (idx / mnist_files.IDX[3]).write_bytes(contents)
    with pytest.raises(DataError, match=message) as caught:
        fashion_mnist(data=idx)
    assert str(idx) in str(caught.value)


def test_missing_files_and_folders(tmp_path, npz):
    with pytest.raises(DataError, match="is no file"):
        mnist(data=tmp_path)
    with pytest.raises(DataError, match=r"mnist\.npz is no folder"):
        fashion_mnist(data=npz)
    with pytest.raises(DataError, match=r"lacks train-images-idx3-ubyte\.gz, train-labels"):
        fashion_mnist(data=tmp_path)


@pytest.mark.parametrize("dataset", [mnist, fashion_mnist])
@pytest.mark.parametrize("wrong", [{"image_size": 0}, {"val_share": 0}, {"val_share": 1.0}])
def test_options_are_checked_before_anything_is_fetched(dataset, wrong):
    with pytest.raises(DataError, match=next(iter(wrong))):
        dataset(**wrong)
