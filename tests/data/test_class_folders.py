"""Folders of known classes: what they are called, how images are cut, what breaks and when."""

import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlkit.data import DataError, class_folders, resize
from dlkit.data.imagenet import CLASSES, imagenet
from dlkit.train.stream import Stream

DRAW = np.random.default_rng(0)
TENCH, _, SHARK = list(CLASSES)[:3]
CUT = {"cut": -200, "headless": 400}  # how many bytes are left of a file


def picture(height, width):
    """Smooth with some noise, as photographs are."""
    low = DRAW.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3), dtype="uint8")
    smooth = np.asarray(Image.fromarray(low).resize((width, height), Image.Resampling.BICUBIC))
    return np.clip(smooth + DRAW.normal(0, 8, smooth.shape), 0, 255).astype("uint8")


def write(path, height=40, width=60, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(height, width)).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    """Two classes of a thousand, under ids and names, split by their user."""
    for split, count in (("train", 3), ("val", 2)):
        for place in (SHARK, "goldfish"):
            for n in range(count):
                write(tmp_path / split / place / f"{n}.JPEG", 40 + n, 60, quality=90)
    return tmp_path


def test_without_a_test_split_it_says_so(folder):
    assert imagenet(data=folder, image_size=32).notes[-1].startswith("no test split: val")
    assert not any("no test" in note for note in imagenet(data=folder / "val", image_size=32).notes)


def by_pillow(image, shorter, side, how):
    """The publisher's way: the longer side cut to whole pixels, the middle by Python's rounding."""
    height, width = image.shape[:2]
    if height < width:
        size = (shorter, int(shorter * width / height))
    else:
        size = (int(shorter * height / width), shorter)
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    resized = Image.fromarray(image).resize(size[::-1], filters[how])
    top, left = (round((n - side) / 2) for n in size)
    return np.asarray(resized)[top : top + side, left : left + side]


@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(375, 500), (333, 250), (256, 256), (90, 71), (640, 481)])
def test_the_middle_is_pillows(size, how):
    image = picture(*size)
    found = resize.middle(tf.constant(image), 256, 224, how).numpy().astype(int)
    expected = by_pillow(image, 256, 224, how).astype(int)
    assert found.shape == (224, 224, 3)
    # Pillow rounds to whole levels between its two passes; bicubic weights enlarge that.
    assert np.abs(found - expected).max() <= {"bilinear": 1, "bicubic": 3}[how]
    assert np.abs(found - expected).mean() < 0.3


def test_without_antialiasing_it_is_another_image():
    image = picture(600, 800)
    smooth, sharp = (
        resize.middle(tf.constant(image), 64, 64, antialias=on).numpy().astype(int)
        for on in (True, False)
    )
    assert np.abs(smooth - sharp).mean() > 2


def test_the_classes_are_in_the_order_of_their_ids():
    assert len(CLASSES) == len(set(CLASSES.values())) == 1000
    assert list(CLASSES) == sorted(CLASSES)
    assert all(re.fullmatch(r"n\d{8}", wnid) for wnid in CLASSES)
    numbered = list(CLASSES.values())
    places = (0, 134, 207, 281, 517, 639, 985, 999)  # as in every list of ImageNet's classes
    assert [numbered[i] for i in places] == [
        "tench", "crane (bird)", "golden retriever", "tabby", "crane (machine)", "tank suit",
        "daisy", "toilet tissue",
    ]  # fmt: skip


def test_folders_by_id_and_by_name_keep_the_networks_numbers(folder):
    (folder / "devkit").mkdir()
    source = imagenet(data=folder, image_size=32)
    assert "left aside folders beside the splits: devkit." in source.notes
    assert {split: len(rows) for split, rows in source.splits.items()} == {"train": 6, "val": 4}
    images, labels = source.arrays("val")
    assert images.shape == (4, 32, 32, 3) and images.dtype == np.uint8
    assert labels.tolist() == [1, 1, 2, 2] and labels.dtype == np.int32  # goldfish, n01484850
    file = np.asarray(Image.open(folder / "val" / "goldfish" / "0.JPEG"))
    far = np.abs(images[0].astype(int) - by_pillow(file, 37, 32, "bilinear").astype(int))
    assert far.max() <= 1
    assert source.class_names[2] == "great white shark"
    assert "2 of 1000 classes are there." in source.notes


def test_a_folder_without_splits_is_val(tmp_path):
    write(tmp_path / "great_white_shark" / "1.jpg")
    write(tmp_path / TENCH / "1.png")
    (tmp_path / TENCH / "about.txt").write_text("no image")
    source = imagenet(data=tmp_path, image_size=32)
    assert list(source.splits) == ["val"] and source.labels.tolist() == [2, 0]
    assert "left aside 1 files that are no JPEG or PNG, or folders: in n01440764." in source.notes


def test_the_stream_takes_it(folder):
    source = imagenet(data=folder, image_size=32)
    images, labels = next(iter(Stream(source, "train", batch_size=4, shuffle=False).dataset()))
    assert images.shape == (4, 32, 32, 3) and labels.numpy().tolist() == [1, 1, 1, 2]


def test_one_channel_is_luma(tmp_path):
    write(tmp_path / "cat" / "1.png", 32, 32)
    options = {"image_size": 16, "resize": 16}
    gray, color = (
        class_folders.source("pets", tmp_path, {"cat": "cat"}, **options, channels=n).arrays("val")
        for n in (1, 3)
    )
    expected = color[0].astype(float) @ [0.2989, 0.587, 0.114]
    np.testing.assert_allclose(gray[0][..., 0], expected, atol=1)


def test_the_fingerprint_follows_names_sizes_and_splits(folder):
    before = imagenet(data=folder).fingerprint
    assert imagenet(data=folder, image_size=64).fingerprint == before
    (folder / "val" / SHARK / "0.JPEG").rename(folder / "val" / SHARK / "9.JPEG")
    renamed = imagenet(data=folder).fingerprint
    with open(folder / "val" / SHARK / "1.JPEG", "ab") as file:
        file.write(b"\0")
    assert len({before, renamed, imagenet(data=folder).fingerprint}) == 3


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"GIF89a", "is a GIF, not a JPEG or PNG"),
        ("cut", "is broken: it is cut off or damaged"),
        ("headless", "is broken: its header cannot be read"),
    ],
)
def test_a_broken_file_is_named_when_its_turn_comes(folder, content, problem):
    path = folder / "val" / SHARK / "1.JPEG"
    path.write_bytes(content if isinstance(content, bytes) else path.read_bytes()[: CUT[content]])
    source = imagenet(data=folder, image_size=32)  # nothing is read at the start
    assert source.arrays("val", limit=3)[1].tolist() == [1, 1, 2]
    with pytest.raises(DataError, match=re.escape(f"{path} {problem}")) as caught:
        source.arrays("val")
    assert caught.value.fix == "Repair it, or remove it from the folder."
    with pytest.raises(tf.errors.OpError, match=re.escape(str(path))):  # also inside training
        list(Stream(source, "val", batch_size=4, shuffle=False).dataset())


def test_a_file_that_went_away(folder):
    source = imagenet(data=folder, image_size=32)
    (folder / "train" / SHARK / "0.JPEG").unlink()
    with pytest.raises(DataError, match=r"0\.JPEG cannot be read: No such file"):
        source.arrays("train")


def refused(message, **options):
    with pytest.raises(DataError, match=message) as caught:
        imagenet(**options)
    assert caught.value.fix


def test_folders_that_are_none(tmp_path):
    refused("imagenet needs the folder that holds it", data=None)
    refused("does not exist", data=tmp_path / "x")
    refused("holds no images", data=tmp_path)
    write(tmp_path / "flat" / "val" / "ILSVRC2012_val_00000001.JPEG")
    refused("holds images, but not in a folder for each class", data=tmp_path / "flat")
    write(tmp_path / "twice" / "val" / TENCH / "1.jpg")
    write(tmp_path / "twice" / "validation" / TENCH / "1.jpg")
    refused("holds both val and validation", data=tmp_path / "twice")
    write(tmp_path / "other" / "golfish" / "1.jpg")
    refused("'golfish' is no class of imagenet. Did you mean 'goldfish'?", data=tmp_path / "other")


def test_options_that_cannot_be_right(folder):
    refused(
        "interpolation is bilinear or bicubic, not 'nearest'", data=folder, interpolation="nearest"
    )
    refused("of that 224 cannot be cut", data=folder, resize=200)
    refused("image_size is a whole number", data=folder, image_size="big")
