"""The names of torchvision, which timm shares for most, by family."""

import re

from dlkit.weights.layout import Layout
from dlkit_vision import vgg

COUNTERS = ("*.num_batches_tracked",)
_ALEXNET = {
    "conv1_conv": "features.0",
    "conv2_conv": "features.3",
    "conv3_conv": "features.6",
    "conv4_conv": "features.8",
    "conv5_conv": "features.10",
    "fc6_dense": "classifier.1",
    "fc7_dense": "classifier.4",
    "logits": "classifier.6",
}


def _resnet(layer: str) -> str | None:
    if found := re.fullmatch(r"conv(\d)_block(\d+)_(\d)_(conv|norm)", layer):
        stage, block, number, kind = found.groups()
        place = f"layer{int(stage) - 1}.{int(block) - 1}"
        if number == "0":
            return f"{place}.downsample.{0 if kind == 'conv' else 1}"
        return f"{place}.{'conv' if kind == 'conv' else 'bn'}{number}"
    return {"conv1_conv": "conv1", "conv1_norm": "bn1", "logits": "fc"}.get(layer)


def _vgg(name: str) -> Layout:
    """All layers are numbered alike, one after the other: also ReLUs and poolings."""
    normed = name.endswith("-bn")
    found, place = {}, 0
    for stage, depth in enumerate(vgg.DEPTHS[name.removesuffix("-bn")], start=1):
        for n in range(1, depth + 1):
            found[f"conv{stage}_{n}_conv"] = f"features.{place}"
            if normed:
                found[f"conv{stage}_{n}_norm"] = f"features.{place + 1}"
            place += 3 if normed else 2
        place += 1  # the pooling
    dense = {"fc6_dense": "classifier.0", "fc7_dense": "classifier.3", "logits": "classifier.6"}
    return Layout("torch", (found | dense).get, unused=COUNTERS)


def _googlenet(layer: str) -> str | None:
    ends = {"conv1": "conv1", "conv2_reduce": "conv2", "conv2": "conv3"}
    branches = {
        "1x1": "branch1",
        "3x3_reduce": "branch2.0",
        "3x3": "branch2.1",
        "5x5_reduce": "branch3.0",
        "5x5": "branch3.1",
        "pool_project": "branch4.1",
    }
    if layer == "logits":
        return "fc"
    place, _, kind = layer.rpartition("_")
    part = "conv" if kind == "conv" else "bn"
    if found := re.fullmatch(r"inception_(\d\w)_(\w+)", place):
        return f"inception{found[1]}.{branches[found[2]]}.{part}"
    return f"{ends[place]}.{part}" if place in ends else None


def _densenet(layer: str) -> str | None:
    if found := re.fullmatch(r"conv(\d)_block(\d+)_(\d)_(conv|norm)", layer):
        stage, block, number, kind = found.groups()
        at = f"features.denseblock{int(stage) - 1}.denselayer{block}"
        return f"{at}.norm{int(number) + 1}" if kind == "norm" else f"{at}.conv{number}"
    if found := re.fullmatch(r"pool(\d)_(conv|norm)", layer):
        return f"features.transition{int(found[1]) - 1}.{found[2]}"
    ends = {"conv1_conv": "features.conv0", "conv1_norm": "features.norm0",
            "post_norm": "features.norm5", "logits": "classifier"}  # fmt: skip
    return ends.get(layer)


ALEXNET = Layout("torch", _ALEXNET.get)
RESNET = Layout("torch", _resnet, unused=COUNTERS)
GOOGLENET = Layout("torch", _googlenet, unused=(*COUNTERS, "aux*"))
DENSENET = Layout("torch", _densenet, unused=COUNTERS)
VGG11 = _vgg("vgg11")
VGG13 = _vgg("vgg13")
VGG16 = _vgg("vgg16")
VGG19 = _vgg("vgg19")
VGG11_BN = _vgg("vgg11-bn")
VGG13_BN = _vgg("vgg13-bn")
VGG16_BN = _vgg("vgg16-bn")
VGG19_BN = _vgg("vgg19-bn")
