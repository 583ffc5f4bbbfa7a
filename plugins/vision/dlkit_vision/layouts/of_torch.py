"""The names of torchvision, which timm shares for most, by family."""

import re

from dlkit.weights.layout import Layout
from dlkit_vision import vgg
from dlkit_vision.layouts.of_keras import MOBILENET_V2_STAGES

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


def _squeezenet(place_of_fire: dict[int, int]) -> Layout:
    """Fires are numbered among all layers, poolings too; the classes are a convolution's."""

    def layer(name: str) -> str | None:
        if found := re.fullmatch(r"fire(\d)_(squeeze|expand)(\d?)_conv", name):
            fire, kind, side = found.groups()
            part = f"{kind}{side}x{side}" if side else kind
            return f"features.{place_of_fire[int(fire)]}.{part}"
        return {"conv1_conv": "features.0", "conv10_conv": "classifier.1"}.get(name)

    return Layout("torch", layer, head="conv10_conv")


def _convnext(layer: str) -> str | None:
    """Stems and steps have even numbers, stages of blocks odd ones."""
    parts = {"depthwise_conv": "block.0", "norm": "block.2", "expand": "block.3",
             "project": "block.5", "scale": "layer_scale"}  # fmt: skip
    found = re.fullmatch(r"conv(\d)_block(\d+)_(\w+)", layer)
    if found and found[3] in parts:
        stage, block, part = found.groups()
        return f"features.{2 * int(stage) - 3}.{int(block) - 1}.{parts[part]}"
    if found := re.fullmatch(r"conv([345])_(norm|conv)", layer):
        return f"features.{2 * int(found[1]) - 4}.{0 if found[2] == 'norm' else 1}"
    ends = {"conv1_conv": "features.0.0", "conv1_norm": "features.0.1",
            "post_norm": "classifier.0", "logits": "classifier.2"}  # fmt: skip
    return ends.get(layer)


def _mobilenet_v2(layer: str) -> str | None:
    """Blocks are numbered through; the first of all does not expand, so that its parts move up."""
    if found := re.fullmatch(r"conv(\d)_block(\d)_(expand|depthwise|project)_(conv|norm)", layer):
        stage, block, part, kind = found.groups()
        number = MOBILENET_V2_STAGES[stage] + int(block)
        place = ("expand", "depthwise", "project").index(part) - (number == 1)
        if part == "project":
            return f"features.{number}.conv.{place + (kind == 'norm')}"
        return f"features.{number}.conv.{place}.{int(kind == 'norm')}"
    ends = {"conv1_conv": "features.0.0", "conv1_norm": "features.0.1", "conv9_conv":
            "features.18.0", "conv9_norm": "features.18.1", "logits": "classifier.1"}  # fmt: skip
    return ends.get(layer)


def _efficientnet(layer: str) -> str | None:
    """Stages, blocks, parts; those of the first stage do not expand, so that parts move up."""
    parts = {"expand": 0, "depthwise": 1, "se": 2, "project": 3}
    pattern = r"conv(\d)_block(\d)_(expand|depthwise|se|project)_(conv|norm|reduce|expand)"
    if found := re.fullmatch(pattern, layer):
        stage, block, part, kind = found.groups()
        end = {"conv": "0", "norm": "1", "reduce": "fc1", "expand": "fc2"}[kind]
        place = parts[part] - (stage == "2")
        return f"features.{int(stage) - 1}.{int(block) - 1}.block.{place}.{end}"
    ends = {"conv1_conv": "features.0.0", "conv1_norm": "features.0.1", "conv9_conv":
            "features.8.0", "conv9_norm": "features.8.1", "logits": "classifier.1"}  # fmt: skip
    return ends.get(layer)


ALEXNET = Layout("torch", _ALEXNET.get)
RESNET = Layout("torch", _resnet, unused=COUNTERS)
GOOGLENET = Layout("torch", _googlenet, unused=(*COUNTERS, "aux*"))
DENSENET = Layout(  # the published files are of before torch forbade dots in a module's name
    "torch", _densenet, unused=COUNTERS, spelled=(r"\.(norm|conv)\.(\d)\.", r".\1\2.")
)
SQUEEZENET1_0 = _squeezenet({2: 3, 3: 4, 4: 5, 5: 7, 6: 8, 7: 9, 8: 10, 9: 12})
SQUEEZENET1_1 = _squeezenet({2: 3, 3: 4, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12})
CONVNEXT = Layout("torch", _convnext)
MOBILENET_V2 = Layout("torch", _mobilenet_v2, unused=COUNTERS)
EFFICIENTNET = Layout("torch", _efficientnet, unused=COUNTERS)
VGG11 = _vgg("vgg11")
VGG13 = _vgg("vgg13")
VGG16 = _vgg("vgg16")
VGG19 = _vgg("vgg19")
VGG11_BN = _vgg("vgg11-bn")
VGG13_BN = _vgg("vgg13-bn")
VGG16_BN = _vgg("vgg16-bn")
VGG19_BN = _vgg("vgg19-bn")
