"""Every check that the conformance kit has, on every model of dlkit-vision."""

import pytest

import dlkit
import dlkit.testing

# Small or quick: the network of each kind of block that builds and answers in a few seconds.
QUICK = ("lenet5", "lenet5-relu", "plain20", "resnet20", "resnet20-v2", "squeezenet1-1")
OTHERS = [name for name in dlkit.list_models(plugin="dlkit-vision") if name not in QUICK]
# One of each further family, on images just large enough; statistics of a last map of one place
# would be those of four values, and their tiny variances would enlarge every rounding.
FAMILIES = ("alexnet", "convnext-tiny", "darknet19", "densenet121", "efficientnet-b0", "googlenet",
            "mobilenet", "mobilenet-v2", "resnet50", "resnet50-v2", "vgg11-bn",
            "xception")  # fmt: skip
SMALL, SMALL_INCEPTION = 75, 139  # pixels


@dlkit.testing.parametrize_plugin(
    "dlkit-vision",
    checks=[
        "manifest",
        "builders",
        "listing_imports_nothing",
        "serial_package",
        "recipe_roundtrip",
    ],
)
def test_the_plugin(check):
    check()


@dlkit.testing.parametrize_plugin("dlkit-vision", names=QUICK)
def test_conformance(check):
    check()


@dlkit.testing.parametrize_plugin("dlkit-vision", names=FAMILIES, image_size=SMALL)
def test_conformance_on_small_images(check):
    check()


@dlkit.testing.parametrize_plugin(
    "dlkit-vision", names=["inception-v3"], image_size=SMALL_INCEPTION
)
def test_conformance_of_inception_on_small_images(check):
    check()


@pytest.mark.slow
@dlkit.testing.parametrize_plugin("dlkit-vision", names=OTHERS)
def test_conformance_of_the_others(check):
    check()
