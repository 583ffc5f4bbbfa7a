"""Small datasets in the very form that they are published in."""

import gzip
import hashlib
import pickle

import numpy as np

from dlkit.data import cifar_files, mnist_files


def mnist_arrays(train=60, test=20):
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": (np.arange(train) % 10).astype(np.uint8),
        "x_test": random.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": (np.arange(test) % 10).astype(np.uint8),
    }


def write_idx(folder, arrays, packed=True):
    """The four files of Fashion-MNIST in a folder."""
    folder.mkdir(exist_ok=True)
    for name, array in zip(mnist_files.IDX, arrays, strict=True):
        sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
        contents = b"\0\0\x08" + bytes([array.ndim]) + sizes + array.tobytes()
        if packed:
            (folder / name).write_bytes(gzip.compress(contents))
        else:
            (folder / name.removesuffix(".gz")).write_bytes(contents)
    return folder


def python2_pickle(data, **labels):
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
    kinds = b"".join(text(kind.encode()) + integers(each) for kind, each in labels.items())
    return b"\x80\x02}(" + kinds + text(b"data") + array + b"u."


def python3_pickle(data, **labels):
    """The same batch, written by Python 3."""
    kinds = {kind.encode(): each for kind, each in labels.items()}
    return pickle.dumps({b"data": data, **kinds}, protocol=2)


PICKLES = {"python 2": python2_pickle, "python 3": python3_pickle}


def cifar_batch(number, n=20):
    data = np.random.default_rng(number).integers(0, 256, (n, 3072), np.uint8)
    return data, [(number + row) % 10 for row in range(n)]


def write_cifar10(parent, pickled=python3_pickle):
    """The folder `cifar-10-batches-py`, six batches of 20."""
    folder = parent / cifar_files.FOLDER10
    folder.mkdir()
    for number, name in enumerate((*cifar_files.TRAIN10, cifar_files.TEST10)):
        data, labels = cifar_batch(number)
        (folder / name).write_bytes(pickled(data, labels=labels))
    (folder / "batches.meta").write_bytes(b"not read")
    return folder


def cifar100_batch(number, n):
    data, _ = cifar_batch(number, n)
    fine = [row % 100 for row in range(n)]
    return data, fine, [label // 5 for label in fine]


def write_cifar100(parent, pickled=python3_pickle):
    """The folder `cifar-100-python`, 300 images to train and 100 to test."""
    folder = parent / cifar_files.FOLDER100
    folder.mkdir()
    for number, (name, n) in enumerate(((cifar_files.TRAIN100, 300), (cifar_files.TEST100, 100))):
        data, fine, coarse = cifar100_batch(number, n)
        batch = pickled(data, fine_labels=fine, coarse_labels=coarse)
        (folder / name).write_bytes(batch)
    return folder


def sizes(source):
    return {name: len(rows) for name, rows in source.splits.items()}


def publish(file, published):
    """The published file, coming from this machine instead."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return published._replace(url=file.as_uri(), hash=f"sha256:{digest}")
