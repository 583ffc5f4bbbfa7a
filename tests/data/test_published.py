"""Where published datasets come from, and what is said when they cannot."""

import os
import pathlib
import subprocess
import sys

import keras
import pytest

from dlkit.data import cifar, mnist

ROOT = pathlib.Path(__file__).parents[2]
FILES = (mnist.MNIST, mnist.FASHION[0], cifar.CIFAR10, cifar.CIFAR100)

OFFLINE = """
from dlkit.data.errors import DataError
from dlkit.data.cifar import cifar10, cifar100
from dlkit.data.mnist import fashion_mnist, mnist
for dataset in (mnist, fashion_mnist, cifar10, cifar100):
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
    for published in FILES:
        told = f"{published.name} is not on this machine and could not be fetched"
        assert told in done.stdout, done.stderr
        assert f"From: {published.url}" in done.stdout
        assert f"save that file as {tmp_path / published.folder / published.name}" in done.stdout
    assert done.stdout.count("dlkit train NAME --dataset digits") == len(FILES)


def test_the_files_are_those_that_keras_publishes(monkeypatch):
    """Keras' own loaders ask `get_file` for these addresses, names and hashes."""
    asked = {}

    def get_file(**options):
        asked[options["origin"]] = options
        raise Exception("stop")

    for name in ("mnist", "cifar10", "cifar100"):
        loader = getattr(keras.datasets, name).load_data
        monkeypatch.setitem(loader.__globals__, "get_file", get_file)
        with pytest.raises(Exception, match="stop"):
            loader()
    for published in (mnist.MNIST, cifar.CIFAR10, cifar.CIFAR100):
        options = asked[published.url]
        archive = "_archive" if options.get("extract") else ""
        assert options["fname"] + archive == published.name
        assert "sha256:" + options["file_hash"] == published.hash
