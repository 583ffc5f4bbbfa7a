import numpy as np
import pytest
from PIL import Image

import dlkit
from dlkit.data.errors import DataError
from dlkit.data.plant_seedlings import CLASSES, plant_seedlings


def photographs(folder, names=CLASSES, each=10):
    for label, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            image = np.full((9, 7, 3), 20 * label + number, np.uint8)
            Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return photographs(tmp_path_factory.mktemp("seedlings") / "v2")


def sizes(source):
    return {name: len(rows) for name, rows in source.splits.items()}


def test_the_twelve_folders(folder):
    source = dlkit.create("dataset", "plant-seedlings", data=str(folder), image_size=16)
    assert sizes(source) == {"train": 72, "val": 18, "test": 30}
    assert (source.name, source.class_names) == ("plant-seedlings", CLASSES)
    images, labels = source.arrays("val")
    assert images.shape == (18, 16, 16, 3)
    np.testing.assert_array_equal(images[:, 0, 0, 0] // 20, labels)


@pytest.mark.parametrize("within", ["nonsegmentedv2", "train"])
def test_kaggles_copies(folder, tmp_path, within):
    """They hold the twelve once more, write one name otherwise, or have a test without labels."""
    names = [name.replace("Shepherds", "Shepherd’s") for name in CLASSES]
    photographs(tmp_path / within, names)
    (tmp_path / "test").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "test" / "0.png")
    source = plant_seedlings(data=tmp_path, image_size=16)
    assert source.class_names == CLASSES and source.size == 120


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "lacks Black-grass, Charlock, Cleavers, Common Chickweed, Common wheat and 7 more."),
        (CLASSES[1:], "lacks Black-grass."),
        ((*CLASSES, "Nettle"), "holds Nettle, which is none of the twelve."),
        ((*CLASSES[:11], "Sugarcane"), "lacks Sugar beet and holds Sugarcane, which is none"),
    ],
)
def test_other_folders_are_refused(tmp_path, names, message):
    with pytest.raises(DataError) as caught:
        plant_seedlings(data=photographs(tmp_path, names, each=1))
    assert f"{tmp_path} {message}" in str(caught.value)
    assert "https://vision.eng.au.dk/plant-seedlings-dataset/" in str(caught.value)


def test_without_a_folder_it_is_said_where_to_get_it(tmp_path):
    with pytest.raises(DataError, match="needs the folder that holds its photographs") as caught:
        plant_seedlings()
    assert "kaggle.com/datasets" in str(caught.value) and "--data FOLDER" in caught.value.fix
    with pytest.raises(DataError, match="gone is no folder"):
        plant_seedlings(data=tmp_path / "gone")
