"""The names of `keras.applications`, by family."""

import re

from dlkit.weights.layout import Layout

HEAD = {"logits": "predictions"}
MOBILENET_STAGES = {"2": 0, "3": 1, "4": 3, "5": 5, "6": 11}  # blocks before each stage
MOBILENET_V2_STAGES = {"2": 0, "3": 1, "4": 3, "5": 6, "6": 10, "7": 13, "8": 16}


def _vgg(layer: str) -> str | None:
    if found := re.fullmatch(r"conv(\d)_(\d)_conv", layer):
        return "block{}_conv{}".format(*found.groups())
    return {"fc6_dense": "fc1", "fc7_dense": "fc2", **HEAD}.get(layer)


def _resnet(layer: str) -> str:
    return HEAD.get(layer, layer.replace("_norm", "_bn"))


def _densenet(layer: str) -> str:
    return {"post_norm": "bn"}.get(layer) or _resnet(layer)


def _mobilenet(layer: str) -> str | None:
    if found := re.fullmatch(r"conv(\d)_block(\d)_(depth|point)wise_(conv|norm)", layer):
        stage, block, kind, part = found.groups()
        place = f"conv_{kind[0]}w_{MOBILENET_STAGES[stage] + int(block)}"
        return place if part == "conv" else f"{place}_bn"
    return {"conv1_conv": "conv1", "conv1_norm": "conv1_bn", "logits": "conv_preds"}.get(layer)


def _mobilenet_v2(layer: str) -> str | None:
    if found := re.fullmatch(r"conv(\d)_block(\d)_(\w+)_(conv|norm)", layer):
        stage, block, kind, part = found.groups()
        number = MOBILENET_V2_STAGES[stage] + int(block) - 1
        place = f"block_{number}_{kind}" if number else f"expanded_conv_{kind}"
        return place if part == "conv" else f"{place}_BN"
    ends = {"conv1_conv": "Conv1", "conv1_norm": "bn_Conv1", "conv9_conv": "Conv_1",
            "conv9_norm": "Conv_1_bn", **HEAD}  # fmt: skip
    return ends.get(layer)


def _efficientnet(layer: str) -> str | None:
    if found := re.fullmatch(r"conv(\d)_block(\d)_(\w+)", layer):
        stage, block, part = found.groups()
        place = f"block{int(stage) - 1}{'abcd'[int(block) - 1]}"
        ends = {"depthwise_conv": "dwconv", "depthwise_norm": "bn"}
        return f"{place}_{ends.get(part, part.replace('norm', 'bn'))}"
    ends = {"conv1_conv": "stem_conv", "conv1_norm": "stem_bn", "conv9_conv": "top_conv",
            "conv9_norm": "top_bn", **HEAD}  # fmt: skip
    return ends.get(layer)


VGG = Layout("keras", _vgg)
RESNET = Layout("keras", _resnet)
DENSENET = Layout("keras", _densenet)
MOBILENET = Layout("keras", _mobilenet)
MOBILENET_V2 = Layout("keras", _mobilenet_v2)
EFFICIENTNET = Layout("keras", _efficientnet, unused=("normalization*/*",))
IN_ORDER = Layout("keras")  # where some of the names are Keras' counters of that day
