"""torchvision's state dictionaries find a place in our networks, each array one."""

import numpy as np
import pytest
from dlkit_vision.layouts import of_torch

import dlkit
from dlkit.weights import layout
from tests.plugins.vision import torchvision_names as names

NETWORKS = {  # options, their names, our layout, parameters of theirs without the counters
    "alexnet": ({"variant": "torch", "input_shape": (224, 224, 3)}, names.alexnet(),
                of_torch.ALEXNET, 61_100_840),
    "vgg11": ({}, names.vgg((1, 1, 2, 2, 2), False), of_torch.VGG11, 132_863_336),
    "vgg16": ({}, names.vgg((2, 2, 3, 3, 3), False), of_torch.VGG16, 138_357_544),
    "vgg19-bn": ({}, names.vgg((2, 2, 4, 4, 4), True), of_torch.VGG19_BN, 143_678_248),
    "googlenet": ({"variant": "torch"}, names.googlenet(), of_torch.GOOGLENET, 6_624_904),
    "resnet18": ({}, names.resnet((2, 2, 2, 2), False), of_torch.RESNET, 11_689_512),
    "resnet34": ({}, names.resnet((3, 4, 6, 3), False), of_torch.RESNET, 21_797_672),
    "resnet50": ({}, names.resnet((3, 4, 6, 3), True), of_torch.RESNET, 25_557_032),
    "resnet101": ({}, names.resnet((3, 4, 23, 3), True), of_torch.RESNET, 44_549_160),
    "resnet152": ({}, names.resnet((3, 8, 36, 3), True), of_torch.RESNET, 60_192_808),
    "resnext50-32x4d": ({}, names.resnet((3, 4, 6, 3), True, 32, 4), of_torch.RESNET, 25_028_904),
    "resnext101-32x8d": ({}, names.resnet((3, 4, 23, 3), True, 32, 8), of_torch.RESNET, 88_791_336),
    "wide-resnet50-2": ({}, names.resnet((3, 4, 6, 3), True, 1, 128), of_torch.RESNET, 68_883_240),
    "densenet121": ({}, names.densenet((6, 12, 24, 16)), of_torch.DENSENET, 7_978_856),
    "densenet169": ({}, names.densenet((6, 12, 32, 32)), of_torch.DENSENET, 14_149_480),
    "densenet201": ({}, names.densenet((6, 12, 48, 32), dots=True), of_torch.DENSENET, 20_013_928),
    "squeezenet1-0": ({}, names.squeezenet("1_0"), of_torch.SQUEEZENET1_0, 1_248_424),
    "squeezenet1-1": ({}, names.squeezenet("1_1"), of_torch.SQUEEZENET1_1, 1_235_496),
    "mobilenet-v2": ({"style": "torch"}, names.mobilenet_v2(), of_torch.MOBILENET_V2, 3_504_872),
    "efficientnet-b0": ({"style": "torch"}, names.efficientnet_b0(), of_torch.EFFICIENTNET,
                        5_288_548),
    "convnext-tiny": ({}, names.convnext((3, 3, 9, 3), (96, 192, 384, 768)), of_torch.CONVNEXT,
                      28_589_128),
}  # fmt: skip
QUICK = ("googlenet", "resnet18", "resnet50", "squeezenet1-0", "squeezenet1-1")
CASES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS]


@pytest.mark.parametrize("name", CASES)
def test_every_array_has_a_place_and_every_variable_an_array(name):
    options, theirs, known, count = NETWORKS[name]
    shapes = dict(theirs)
    learned = (n for n in shapes if not n.startswith("aux") and "running" not in n)
    assert sum(int(np.prod(shapes[n])) for n in learned if "num_batches" not in n) == count
    arrays = {n: np.broadcast_to(np.float32(0), shape) for n, shape in shapes.items()}
    model = dlkit.create_model(name, **options)
    report = layout.plan(model, arrays, known)
    assert len(report.moves) == len(model.weights) and not report.fresh
    assert len({move.source for move in report.moves}) == len(report.moves)
    assert all("num_batches" in n or n.startswith("aux") for n in report.unused)
