"""Every row of published weights in the manifest: complete, and as its publisher says.

No file is fetched here. What the files hold is tested with files of the same formats, in
`test_published` and `test_torch_layouts`.
"""

import inspect
import re

import keras
import numpy as np
import pytest

import dlkit
from dlkit.registry import build
from dlkit.weights import layout, published

ENTRIES = [dlkit.model_info(name) for name in dlkit.list_models(plugin="dlkit-vision")]
ROWS = [pytest.param(entry, row, id=f"{entry.name}@{row.tag}") for entry in ENTRIES
        for row in entry.weights]  # fmt: skip
OF_KERAS = {  # the module of keras.applications, the key of its hash there
    "vgg16": ("vgg16", "WEIGHTS_PATH"), "vgg19": ("vgg19", "WEIGHTS_PATH"),
    "inception-v3": ("inception_v3", "WEIGHTS_PATH"), "xception": ("xception", "WEIGHTS_PATH"),
    "resnet50": ("resnet", "resnet50"), "resnet101": ("resnet", "resnet101"),
    "resnet152": ("resnet", "resnet152"), "resnet50-v2": ("resnet", "resnet50v2"),
    "resnet101-v2": ("resnet", "resnet101v2"), "resnet152-v2": ("resnet", "resnet152v2"),
    "densenet121": ("densenet", "DENSENET121_WEIGHT_PATH"),
    "densenet169": ("densenet", "DENSENET169_WEIGHT_PATH"),
    "densenet201": ("densenet", "DENSENET201_WEIGHT_PATH"),
    "efficientnet-b0": ("efficientnet", "b0"), "convnext-tiny": ("convnext", "convnext_tiny"),
}  # fmt: skip


def test_there_are_rows_and_every_tag_is_of_one_style():
    assert len(ROWS) == 48
    for entry in ENTRIES:
        assert len(set(entry.pretrained)) == len(entry.pretrained)
        assert all(
            re.fullmatch(r"(keras|torch)-imagenet(-v[12])?", tag) for tag in entry.pretrained
        )
    addresses = [row.values[1].url for row in ROWS]
    assert len(set(addresses)) == len(addresses)


@pytest.mark.parametrize(("entry", "row"), ROWS)
def test_a_row_is_complete(entry, row):
    assert row.url.startswith("https://") and row.license
    known = build.load_object(entry, row.layout)
    assert isinstance(known, layout.Layout)
    assert known.kind == row.tag.partition("-")[0]
    builder = build.target(entry)
    assert set(row.config) <= set(build.options(builder))
    for option in ("style", "variant"):  # the default of another day must not change the network
        if option in inspect.signature(builder).parameters:
            assert row.config[option] == row.tag.partition("-")[0]
    cut = published.preprocessing(entry, row)
    assert cut.stated == row.tag.startswith("torch")
    bicubic = (entry.name, row.tag) == ("efficientnet-b0", "torch-imagenet-v1")
    assert cut.antialias and cut.interpolation == ("bicubic" if bicubic else "bilinear")
    assert cut.crop == (224 if entry.name == "alexnet" else entry.input_shape[0])
    assert len(published.classes(entry, row)) == entry.num_classes == 1000
    assert 0.5 < row.metrics["accuracy"] < row.metrics.get("top5_accuracy", 1) <= 1


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet18"])
def test_the_layout_names_every_layer_of_the_network_that_a_row_builds(name):
    entry = dlkit.model_info(name)
    (row,) = entry.weights
    known, model = build.load_object(entry, row.layout), dlkit.create_model(name, **row.config)
    theirs = [known.layer(each.name) for each in model.layers if each.weights]
    assert None not in theirs and len(set(theirs)) == len(theirs)


@pytest.mark.parametrize(
    ("entry", "row"), [each for each in ROWS if each.values[1].tag.startswith("torch")]
)
def test_torchs_hash_is_in_its_files_name(entry, row):
    digits = re.search(r"-([0-9a-f]{8})\.pth$", row.url)[1]
    assert row.hash == f"sha256-8:{digits}"
    assert row.url.startswith("https://download.pytorch.org/models/")
    theirs = row.url.rpartition("/")[2].lower()
    assert theirs.startswith(entry.name.replace("-", "_").split("_v")[0])


def theirs(name):
    """Address and hash as the installed Keras has them."""
    file, key = OF_KERAS[name]
    module = __import__(f"keras.src.applications.{file}", fromlist=["_"])
    hashes = getattr(module, "WEIGHTS_HASHES", None)
    if hashes:
        known = hashes[key][0]
        root = module.BASE_WEIGHTS_PATH
        stem = f"{key}_weights_tf_dim_ordering_tf_kernels" if file == "resnet" else key
        return root + {"b0": "efficientnetb0"}.get(key, stem) + ".h5", known
    fetched = re.search(
        rf"get_file\([^)]*?\b{key},[^)]*?file_hash=\"(\w+)\"", inspect.getsource(module), re.DOTALL
    )
    return getattr(module, key), fetched[1]


@pytest.mark.parametrize(
    ("entry", "row"), [each for each in ROWS if each.values[1].tag == "keras-imagenet"]
)
def test_address_and_hash_are_those_of_the_installed_keras(entry, row):
    assert entry.name in OF_KERAS
    url, digits = theirs(entry.name)
    assert (row.url, row.hash.partition(":")[2]) == (url, digits)
    assert row.hash.startswith("sha256:" if len(digits) == 64 else "md5:")


def test_keras_still_publishes_no_hash_for_mobilenets():
    """Should it do so one day, these two want rows."""
    for family in ("mobilenet", "mobilenet_v2"):
        module = __import__(f"keras.src.applications.{family}", fromlist=["_"])
        assert "file_hash" not in inspect.getsource(module)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_row_of_the_manifest_takes_a_file_by_path(tmp_path, channels):
    """`weights=FILE.pth` finds layout and options by the rows, whatever the version."""
    from tests.plugins.vision import torchvision_names
    from tests.weights import torch_files

    draw = np.random.default_rng(0)
    arrays = {
        name: draw.normal(size=shape).astype("float32") * 0.05
        for name, shape in torchvision_names.squeezenet("1_1")
    }
    torch_files.save(tmp_path / "net.pth", torch_files.tensors(arrays))
    model = dlkit.create_model(
        "squeezenet1-1", weights=tmp_path / "net.pth", input_shape=(64, 64, channels)
    )
    kernel = keras.ops.convert_to_numpy(model.get_layer("conv10_conv").kernel)
    np.testing.assert_array_equal(kernel[0, 0], arrays["classifier.1.weight"][:, :, 0, 0].T)
