import io
import os
import shutil
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlkit.data import decode, folder_check, names
from dlkit.data.errors import DataError
from dlkit.data.image_folder import image_folder
from dlkit.train.stream import Stream


def image_bytes(number, kind="PNG", side=12):
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def fill(folder, n, suffix=".png", start=0):
    folder.mkdir(parents=True, exist_ok=True)
    kind = "PNG" if suffix.lower() == ".png" else "JPEG"
    for number in range(start, start + n):
        contents = image_bytes(zlib.crc32(f"{folder.name}{number}".encode()), kind)
        (folder / f"{number:03}{suffix}").write_bytes(contents)


@pytest.fixture
def pets(tmp_path):
    root = tmp_path / "pets"
    fill(root / "cat", 20)
    fill(root / "dog", 20, ".JPG")
    return root


@pytest.fixture
def split(tmp_path):
    root = tmp_path / "pets"
    for start, part, n in ((0, "train", 10), (100, "val", 4), (200, "test", 6)):
        for label in ("cat", "dog"):
            fill(root / part / label, n, start=start)
    return root


def sizes(source):
    return {name: len(rows) for name, rows in source.splits.items()}


def test_folders_of_classes_are_split_by_the_stated_policy(pets):
    source = image_folder(data=pets, image_size=16)
    assert source.class_names == ("cat", "dog") and source.size == 40
    assert sizes(source) == {"train": 24, "val": 6, "test": 10}
    for rows in source.splits.values():
        assert np.bincount(source.labels[rows]).tolist() == [len(rows) // 2] * 2
    assert source.image_shape == (16, 16, 3) and source.notes == ()
    assert str(image_folder(data=str(pets)).image_shape) == "(64, 64, 3)"


def test_the_pixels_are_those_of_the_files(pets):
    source = image_folder(data=pets, image_size=12)
    images, labels = source.arrays("test")
    paths = sorted(path.relative_to(pets) for path in pets.rglob("*.*"))
    for image, label, row in zip(images, labels, source.splits["test"], strict=True):
        assert source.class_names[label] == paths[row].parent.name
        expected = np.asarray(Image.open(pets / paths[row])).astype(int)
        assert np.abs(image - expected).max() <= (0 if paths[row].suffix == ".png" else 8)


def test_grayscale_gives_one_channel(pets):
    images, _ = image_folder(data=pets, image_size=16, color="grayscale").arrays("val")
    assert images.shape == (6, 16, 16, 1)


def test_the_stream_trains_on_files(pets):
    source = image_folder(data=pets, image_size=16)
    stream = Stream(source, "train", batch_size=10, seed=2, augment="crop-flip")
    whole = [images.numpy() for images, _ in stream.dataset(epochs=2)]
    assert [len(images) for images in whole] == [10, 10, 4] * 2
    resumed = [images.numpy() for images, _ in stream.dataset(start_step=4, epochs=2)]
    for one, other in zip(resumed, whole[4:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_split_depends_on_split_seed_and_outlives_moving_and_adding(pets, tmp_path):
    def test_paths(root, **options):
        source = image_folder(data=root, image_size=16, **options)
        paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.*"))
        return {paths[row] for row in source.splits["test"]}

    before = test_paths(pets)
    assert test_paths(pets, split_seed=1) != before
    moved = tmp_path / "moved"
    shutil.copytree(pets, moved)
    assert test_paths(moved) == before
    fill(moved / "cat", 2, start=500)
    fill(moved / "dog", 2, start=500)
    assert len(test_paths(moved) & before) >= 8


def test_the_users_own_split_is_taken_as_it_is(split):
    source = image_folder(data=split, image_size=16)
    assert sizes(source) == {"train": 20, "val": 8, "test": 12}
    assert source.notes == ()
    images, _ = source.arrays("val")
    paths = sorted((split / "val").rglob("*.png"))
    for image, path in zip(images, paths, strict=True):
        np.testing.assert_array_equal(image, decode.read(path, 16))


def test_other_names_of_splits(split):
    (split / "val").rename(split / "Validation")
    (split / "test").rename(split / "testing")
    assert sizes(image_folder(data=split, image_size=16)) == {"train": 20, "val": 8, "test": 12}


def test_a_missing_val_is_carved_from_train_and_said(split):
    shutil.rmtree(split / "val")
    source = image_folder(data=split, image_size=16, val_share=0.2)
    assert sizes(source) == {"train": 16, "val": 4, "test": 12}
    assert source.notes == ("no val folder: 20% of train is val.",)


def test_a_missing_test_is_said(split):
    shutil.rmtree(split / "test")
    source = image_folder(data=split, image_size=16)
    assert sizes(source) == {"train": 20, "val": 8}
    assert "no test split" in source.notes[0]
    with pytest.raises(DataError, match="image-folder has no split 'test'"):
        source.arrays("test")


def test_a_class_that_only_test_has_is_refused(split):
    fill(split / "test" / "cta", 2)
    with pytest.raises(DataError, match=r"'cta' in test, but not in train. Did you mean 'cat'"):
        image_folder(data=split)


def test_a_class_that_val_lacks_is_said(split):
    shutil.rmtree(split / "val" / "dog")
    assert "val holds no image of: dog." in image_folder(data=split, image_size=16).notes


def test_a_split_given_twice_or_without_train_is_refused(split):
    fill(split / "valid" / "cat", 2)
    with pytest.raises(DataError, match="holds both val and valid"):
        image_folder(data=split)
    shutil.rmtree(split / "valid")
    shutil.rmtree(split / "train")
    with pytest.raises(DataError, match="holds test, val, but no train folder"):
        image_folder(data=split)


def test_an_empty_folder_among_the_users_own_is_refused(split):
    shutil.rmtree(split / "val")
    (split / "val").mkdir()
    with pytest.raises(DataError, match="its val folder holds no class folder"):
        image_folder(data=split)


def test_names_that_are_no_utf_8_are_read_and_shown(pets):
    odd = os.fsencode(pets / "cat") + b"/caf\xe9.png"
    try:
        with open(odd, "wb") as file:
            file.write(image_bytes(5))
        with open(os.fsencode(pets / "cat") + b"/\xff.png", "wb") as file:
            file.write(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    source = image_folder(data=pets, image_size=16, on_broken="skip")
    assert source.size == 41 and source.fetch(tf.range(41))[0].shape[0] == 41
    assert "cat/�.png is no JPEG" in source.notes[0]
    "".join(source.notes).encode()  # can be written to a report


def test_a_class_may_be_called_train(tmp_path):
    for name in ("train", "plane"):
        fill(tmp_path / name, 8)
    assert image_folder(data=tmp_path, image_size=16).class_names == ("plane", "train")


def test_no_test_share_means_no_test_split(pets):
    source = image_folder(data=pets, image_size=16, test_share=0)
    assert sizes(source) == {"train": 34, "val": 6}
    assert "no test split" in source.notes[0]


def test_class_names_are_in_natural_order(tmp_path):
    for name in ("class10", "class9", "Class1", "åse", "b"):
        fill(tmp_path / name, 4)
    found = image_folder(data=tmp_path, image_size=16).class_names
    assert found == ("b", "Class1", "class9", "class10", "åse")
    assert sorted(["²", "٣", "2", ""], key=names.natural)  # odd digits do no harm


def test_hidden_files_are_ignored_and_others_reported(pets):
    for name in (".DS_Store", "cat/.hidden.png", "cat/Thumbs.db"):
        (pets / name).write_bytes(b"x")
    (pets / "__MACOSX").mkdir()
    (pets / ".git").mkdir()
    assert image_folder(data=pets, image_size=16).notes == ()
    (pets / "cat" / "labels.txt").write_text("x")
    (pets / "cat" / "more").mkdir()
    (pets / "README.md").write_text("x")
    notes = image_folder(data=pets, image_size=16).notes
    assert any("cat/labels.txt, cat/more" in note for note in notes)
    assert "left aside 1 files outside class folders: README.md." in notes


@pytest.fixture
def broken(pets):
    (pets / "cat" / "000.png").write_bytes(b"")
    (pets / "dog" / "007.JPG").write_bytes(image_bytes(1, "JPEG")[:200])
    return pets


def test_broken_files_are_refused_by_path(broken):
    with pytest.raises(DataError) as caught:
        image_folder(data=broken)
    text = str(caught.value)
    assert f"{broken} holds 2 broken files" in text
    assert "cat/000.png is empty" in text and "dog/007.JPG is broken" in text
    assert "--set data_options.on_broken=skip" in caught.value.fix


def test_of_many_broken_files_five_are_named(pets):
    for number in range(8):
        (pets / "cat" / f"{number:03}.png").write_bytes(b"x")
    with pytest.raises(DataError, match="holds 8 broken files") as caught:
        image_folder(data=pets)
    assert str(caught.value).count("is no JPEG") == 5 and "and 3 more" in str(caught.value)


def test_broken_files_are_skipped_when_asked(broken):
    source = image_folder(data=broken, image_size=16, on_broken="skip")
    assert source.size == 38 and sum(sizes(source).values()) == 38
    assert source.notes[0].startswith("2 broken files skipped: cat/000.png is empty; dog/007.JPG")
    for name in source.splits:
        assert len(source.arrays(name)[0]) == len(source.splits[name])


def test_a_class_whose_images_are_all_broken_is_refused(pets):
    for path in (pets / "cat").iterdir():
        path.write_bytes(b"x")
    with pytest.raises(DataError, match="all training images of cat are broken"):
        image_folder(data=pets, on_broken="skip")


def test_the_check_and_the_decoder_agree(pets):
    """Whatever the check lets through, fetch decodes: cut and flipped bytes at random places."""
    random = np.random.default_rng(3)
    for number in range(60):
        kind, suffix = (("PNG", ".png"), ("JPEG", ".jpg"))[number % 2]
        contents = bytearray(image_bytes(number, kind))
        place = int(random.integers(0, len(contents)))
        contents[place] ^= int(random.integers(1, 256))
        if number % 3 == 0:
            contents = contents[: int(random.integers(1, len(contents)))]
        (pets / "cat" / f"odd{number}{suffix}").write_bytes(bytes(contents))
    source = image_folder(data=pets, image_size=16, on_broken="skip")
    assert 40 <= source.size < 100
    every = tf.constant(np.arange(source.size))
    assert source.fetch(every)[0].shape == (source.size, 16, 16, 3)


def test_copies_across_splits_and_classes_are_said(split):
    copied = next((split / "train" / "cat").iterdir())
    shutil.copy(copied, split / "test" / "cat" / "copy.png")
    shutil.copy(copied, split / "train" / "dog" / "copy.png")
    notes = image_folder(data=split, image_size=16).notes
    assert any("1 image stands in several splits" in n and "test/cat/copy.png" in n for n in notes)
    assert any("1 image stands in several classes" in note for note in notes)


def test_turned_photographs_are_said(pets):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(pets / "cat" / "phone.jpeg", exif=exif)
    notes = image_folder(data=pets, image_size=16).notes
    assert "1 images are turned as their EXIF data say." in notes


def test_the_fingerprint_is_of_names_contents_and_splits(pets, tmp_path):
    def fingerprint(root=pets, **options):
        return image_folder(data=root, image_size=16, **options).fingerprint

    first = fingerprint()
    moved = tmp_path / "elsewhere"
    shutil.copytree(pets, moved)
    assert fingerprint(moved) == first == image_folder(data=pets, image_size=32).fingerprint
    assert fingerprint(split_seed=1) != first
    (moved / "cat" / "000.png").write_bytes(image_bytes(99))
    assert fingerprint(moved) != first


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "is empty"),
        (lambda root: fill(root, 3), "holds images, but not in a folder for each class"),
        (lambda root: (root / "cat").mkdir(), "has no images: it holds no class folder"),
        (lambda root: fill(root / "cat", 3), "images of one class only, 'cat'"),
        (
            lambda root: (fill(root / "cat", 3), (root / "dog").mkdir()),
            "class folders without JPEG or PNG images: dog",
        ),
        (
            lambda root: (
                fill(root / "cat", 3),
                (root / "dog").mkdir(),
                (root / "dog" / "a.webp").write_bytes(b"x"),
            ),
            "without JPEG or PNG images: dog; it holds a.webp",
        ),
        (lambda root: fill(root / "pets" / "cat", 3), "Did you mean --data .*/pets"),
    ],
)
def test_a_folder_that_is_no_dataset_is_refused_with_what_is_expected(tmp_path, make, message):
    root = tmp_path / "data"
    root.mkdir()
    make(root)
    with pytest.raises(DataError, match=message) as caught:
        image_folder(data=root)
    assert str(root) in str(caught.value)
    assert "cat/     001.jpg" in str(caught.value) and "train/   cat/" in str(caught.value)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(DataError, match="needs the folder that holds the images"):
        image_folder()
    with pytest.raises(DataError, match="gone does not exist"):
        image_folder(data=tmp_path / "gone")
    archive = tmp_path / "pets.zip"
    archive.write_bytes(b"PK")
    with pytest.raises(DataError, match=r"pets\.zip is a file") as caught:
        image_folder(data=archive)
    assert "Unpack it" in caught.value.fix


def test_too_few_images_to_split(tmp_path):
    for name in ("cat", "dog"):
        fill(tmp_path / name, 1)
    with pytest.raises(DataError, match="2 rows in 2 classes cannot set aside"):
        image_folder(data=tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 0}, "image_size is 0"),
        ({"color": "grey"}, "color is rgb or grayscale, not 'grey'"),
        ({"on_broken": "skipp"}, r"refuse or skip, not 'skipp'\. Did you mean 'skip'"),
        ({"val_share": 0}, "val_share is the share .* between 0 and 1; it is 0"),
        ({"val_share": "a"}, "it is 'a'"),
        ({"test_share": 1.0}, "test_share is the share .* it is 1.0"),
        ({"val_share": 0.5, "test_share": 0.5}, "leave nothing to train on"),
    ],
)
def test_options_that_cannot_be_right(pets, options, message):
    with pytest.raises(DataError, match=message):
        image_folder(data=pets, **options)


def test_a_bar_is_shown_for_many_files_on_a_terminal(pets, monkeypatch, capsys):
    monkeypatch.setattr(folder_check, "MANY", 10)
    image_folder(data=pets, image_size=16)
    assert "checking images" not in capsys.readouterr().err
    monkeypatch.setattr(folder_check.sys.stderr, "isatty", lambda: True, raising=False)
    image_folder(data=pets, image_size=16)
    assert "checking images" in capsys.readouterr().err
