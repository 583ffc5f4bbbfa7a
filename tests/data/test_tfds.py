"""`tfds:NAME`: with a stand-in for the library everywhere, with the library where it is installed.

With it: pip install "dlkit-core[tfds]".
"""

import importlib.metadata
import io
import types

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import dlkit
from dlkit import registry
from dlkit.data import tfds, tfds_library
from dlkit.data.errors import DataError
from dlkit.registry import errors
from dlkit.train import folders


def png(row):
    """One image, 6 wide and 4 high, whose every value is its row."""
    file = io.BytesIO()
    Image.fromarray(np.full((4, 6, 3), row, np.uint8)).save(file, "png")
    return file.getvalue()


def records(n, first=0, labelled=True):
    return [{"image": png(first + i), "label": i % 2 if labelled else -1} for i in range(n)]


@pytest.fixture
def library(monkeypatch):
    """Stands in for the library; `library(splits)` sets what it holds."""
    features = {
        "image": types.SimpleNamespace(shape=(None, None, 3)),
        "label": types.SimpleNamespace(names=["cat", "dog"]),
    }
    builder = types.SimpleNamespace(info=types.SimpleNamespace(features=features))
    monkeypatch.setattr(tfds_library, "prepared", lambda name, data: builder)
    monkeypatch.setattr(tfds_library, "keys", lambda name, info: ("image", "label"))

    def hold(held):
        monkeypatch.setattr(tfds_library, "opened", lambda *_: held)
        return tfds.tfds(name="pets", image_size=8)

    return hold


def sizes(source):
    return {name: len(rows) for name, rows in source.splits.items()}


def test_rows_are_fetched_in_any_order_from_all_splits(library):
    source = library({"train": records(20), "validation": records(6, 50), "test": records(4, 90)})
    assert source.name == "tfds:pets" and source.class_names == ("cat", "dog")
    assert sizes(source) == {"train": 20, "val": 6, "test": 4} and source.notes == ()
    fetch = tf.function(source.fetch, input_signature=[tf.TensorSpec((None,), tf.int64)])
    images, labels = fetch(tf.constant([29, 0, 20, 19], tf.int64))
    assert images.shape == (4, 8, 8, 3) and images.dtype == tf.uint8
    assert images.numpy()[:, 0, 0, 0].tolist() == [93, 0, 50, 19]
    assert labels.numpy().tolist() == [1, 0, 0, 1]
    spec = source.element_spec
    dataset = tf.data.Dataset.range(30).batch(7).map(source.fetch)
    assert [each.dtype for each in dataset.element_spec] == [each.dtype for each in spec]
    assert sum(len(batch[1]) for batch in dataset) == 30


@pytest.mark.parametrize(
    ("held", "expected", "notes"),
    [
        ({"train": 40}, {"train": 28, "val": 4, "test": 8}, ["no val split: 10%", "no test split"]),
        ({"train": 40, "test": 10}, {"train": 36, "val": 4, "test": 10}, ["no val split: 10%"]),
        ({"train": 40, "validation": 10}, {"train": 40, "val": 10}, ["val, which steers"]),
    ],
)
def test_what_is_not_published_is_carved_from_train(library, held, expected, notes):
    source = library({split: records(n) for split, n in held.items()})
    assert sizes(source) == expected
    assert all(part in note for part, note in zip(notes, source.notes, strict=True))


def test_a_split_without_labels_is_left_out(library):
    source = library({"train": records(40), "test": records(5, labelled=False)})
    assert sizes(source) == {"train": 28, "val": 4, "test": 8}
    assert source.notes[0] == "test has no labels, and is left out."
    assert max(max(rows) for rows in source.splits.values()) < 40


def test_the_fingerprint_is_the_contents(library):
    first = library({"train": records(20)}).fingerprint
    assert first == library({"train": records(20)}).fingerprint
    assert first != library({"train": records(20, first=1)}).fingerprint


def test_the_name_says_what_is_to_be_built(monkeypatch, library):
    library({"train": records(20)})
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "4.9.10")
    source = dlkit.create("dataset", "tfds:pets/small", image_size=8)
    assert source.name == "tfds:pets/small"
    recipe = dlkit.Recipe.load("lenet5", "tfds:pets/small")
    assert recipe.dataset == "tfds:pets/small"
    assert registry.find("dataset", "dlkit-core/tfds:pets").name == "tfds:pets"
    with pytest.raises(DataError, match="needs the name of it") as caught:
        dlkit.create("dataset", "tfds")
    assert "--dataset tfds:beans" in caught.value.fix


def test_without_the_library_the_command_that_brings_it_is_said(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(errors.MissingRequirement, match="'tfds:beans' needs tensorflow-da") as told:
        dlkit.create("dataset", "tfds:beans")
    assert told.value.fix.startswith('Install it: pip install "tensorflow-datasets>=')


def test_nothing_follows_a_colon_elsewhere():
    with pytest.raises(errors.UnknownName, match=r"no dataset 'digits:8'. Did you mean 'digits'\?"):
        registry.find("dataset", "digits:8")


MANIFEST = """
api = 1
[[dataset]]
name = "shelf"
build = "acme_data:shelf"
argument = "box"
summary = "Whatever lies in a box"
task = "image-classification"
"""


def test_a_plugin_may_let_something_follow_its_name(make_plugin):
    code = "def shelf(*, box='none', size=1):\n    return box, size\n"
    make_plugin("acme-data", MANIFEST, {"__init__.py": code})
    assert dlkit.create("dataset", "acme-data/shelf:top/left", size=2) == ("top/left", 2)
    assert dlkit.create("dataset", "acme-data/shelf") == ("none", 1)
    assert registry.find("dataset", "acme-data/shelf:top").display_name == "acme-data/shelf:top"
    with pytest.raises(errors.BuildFailed, match="multiple values for keyword argument 'box'"):
        dlkit.create("dataset", "acme-data/shelf:top", box="other")


def test_a_runs_folder_has_neither_slash_nor_colon(tmp_path):
    made = folders.new_folder("lenet5", "tfds:pets/small:1.0.0", tmp_path)
    assert made.name == "lenet5-tfds-pets-small-1.0.0-01"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A folder in which the library holds datasets of this test."""
    library = pytest.importorskip("tensorflow_datasets")
    from tensorflow_datasets import features

    random = np.random.default_rng(0)

    class DlkitPets(library.core.GeneratorBasedBuilder):
        """Cats and dogs of noise."""

        VERSION = library.core.Version("1.0.0")
        BUILDER_CONFIGS = [  # noqa: RUF012
            library.core.BuilderConfig(name="labelled"),
            library.core.BuilderConfig(name="unlabelled"),
        ]

        def _info(self):
            kinds = {
                "image": features.Image(shape=(None, None, 3)),
                "id": features.Scalar(np.int64),
            }
            if self.builder_config.name == "labelled":
                kinds["label"] = features.ClassLabel(names=["cat", "dog"])
            return library.core.DatasetInfo(builder=self, features=features.FeaturesDict(kinds))

        def _split_generators(self, manager):
            return {"train": self._generate_examples(30), "test": self._generate_examples(10)}

        def _generate_examples(self, n):
            for i in range(n):
                record = {"image": random.integers(0, 256, (9, 12, 3), np.uint8), "id": i}
                if self.builder_config.name == "labelled":
                    record["label"] = i % 2
                yield i, record

    return tmp_path_factory.mktemp("tfds")


def test_the_library_itself(real):
    """What comes is what its own reader gives, resized as dlkit resizes."""
    import tensorflow_datasets as library

    source = dlkit.create("dataset", "tfds:dlkit_pets", data=str(real), image_size=9)
    assert sizes(source) == {"train": 27, "val": 3, "test": 10}
    assert source.class_names == ("cat", "dog")
    images, labels = source.arrays("test")
    builder = library.builder("dlkit_pets", data_dir=real)
    for image, label, record in zip(images, labels, builder.as_data_source("test"), strict=True):
        resized = tf.image.resize(record["image"], (9, 9), antialias=True)
        np.testing.assert_array_equal(image, np.rint(np.clip(resized, 0, 255)))
        assert label == record["label"]


def test_what_the_library_cannot_give_is_said(real):
    import tensorflow_datasets as library

    with pytest.raises(DataError, match="tfds:no_such cannot be had from TensorFlow Datasets"):
        dlkit.create("dataset", "tfds:no_such", data=str(real))
    with pytest.raises(DataError, match=r"no classification of 8-bit images: it has .*id: Scalar"):
        dlkit.create("dataset", "tfds:dlkit_pets/unlabelled", data=str(real))
    library.builder("dlkit_pets", data_dir=real / "other").download_and_prepare()
    with pytest.raises(DataError, match="as tfrecord, which cannot be read in any order") as told:
        dlkit.create("dataset", "tfds:dlkit_pets", data=str(real / "other"))
    assert "--data FOLDER" in told.value.fix
