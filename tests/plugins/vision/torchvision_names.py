"""The names and shapes in torchvision's state dictionaries, by how its modules are nested."""


def conv(name, filters, channels, side, bias=False):
    yield f"{name}.weight", (filters, channels, side, side)
    if bias:
        yield f"{name}.bias", (filters,)


def norm(name, channels):
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)
    yield f"{name}.num_batches_tracked", ()


def linear(name, units, features):
    yield f"{name}.weight", (units, features)
    yield f"{name}.bias", (units,)


def resnet(depths, bottleneck, groups=1, base=64):
    yield from conv("conv1", 64, 3, 7)
    yield from norm("bn1", 64)
    channels = 64
    for stage, depth in enumerate(depths, start=1):
        filters = 64 * 2 ** (stage - 1)
        out = 4 * filters if bottleneck else filters
        for block in range(depth):
            at = f"layer{stage}.{block}"
            if bottleneck:
                width = filters * base // 64 * groups
                rows = ((width, channels, 1), (width, width // groups, 3), (out, width, 1))
            else:
                rows = ((filters, channels, 3), (filters, filters, 3))
            for n, (wide, seen, side) in enumerate(rows, start=1):
                yield from conv(f"{at}.conv{n}", wide, seen, side)
                yield from norm(f"{at}.bn{n}", wide)
            if block == 0 and (stage > 1 or bottleneck):
                yield from conv(f"{at}.downsample.0", out, channels, 1)
                yield from norm(f"{at}.downsample.1", out)
            channels = out
    yield from linear("fc", 1000, channels)


def vgg(depths, normed):
    place, channels = 0, 3
    for filters, depth in zip((64, 128, 256, 512, 512), depths, strict=True):
        for _ in range(depth):
            yield from conv(f"features.{place}", filters, channels, 3, bias=True)
            if normed:
                yield from norm(f"features.{place + 1}", filters)
            place, channels = place + 2 + normed, filters
        place += 1
    for place, units, features in ((0, 4096, 25088), (3, 4096, 4096), (6, 1000, 4096)):
        yield from linear(f"classifier.{place}", units, features)


def alexnet():
    rows = ((0, 64, 3, 11), (3, 192, 64, 5), (6, 384, 192, 3), (8, 256, 384, 3), (10, 256, 256, 3))
    for place, filters, channels, side in rows:
        yield from conv(f"features.{place}", filters, channels, side, bias=True)
    for place, units, features in ((1, 4096, 9216), (4, 4096, 4096), (6, 1000, 4096)):
        yield from linear(f"classifier.{place}", units, features)


def densenet(depths, dots=False):
    """With dots, as the published files spell it: `norm.1` for `norm1`."""
    joint = "." if dots else ""
    yield from conv("features.conv0", 64, 3, 7)
    yield from norm("features.norm0", 64)
    channels = 64
    for block, depth in enumerate(depths, start=1):
        for layer in range(1, depth + 1):
            at = f"features.denseblock{block}.denselayer{layer}"
            yield from norm(f"{at}.norm{joint}1", channels)
            yield from conv(f"{at}.conv{joint}1", 128, channels, 1)
            yield from norm(f"{at}.norm{joint}2", 128)
            yield from conv(f"{at}.conv{joint}2", 32, 128, 3)
            channels += 32
        if block < len(depths):
            yield from norm(f"features.transition{block}.norm", channels)
            yield from conv(f"features.transition{block}.conv", channels // 2, channels, 1)
            channels //= 2
    yield from norm("features.norm5", channels)
    yield from linear("classifier", 1000, channels)


INCEPTIONS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


def basic(name, filters, channels, side):
    yield from conv(f"{name}.conv", filters, channels, side)
    yield from norm(f"{name}.bn", filters)


def googlenet():
    for name, row in {"conv1": (64, 3, 7), "conv2": (64, 64, 1), "conv3": (192, 64, 3)}.items():
        yield from basic(name, *row)
    for place, (channels, one, red3, three, red5, five, proj) in INCEPTIONS.items():
        at = f"inception{place}"
        yield from basic(f"{at}.branch1", one, channels, 1)
        yield from basic(f"{at}.branch2.0", red3, channels, 1)
        yield from basic(f"{at}.branch2.1", three, red3, 3)
        yield from basic(f"{at}.branch3.0", red5, channels, 1)
        yield from basic(f"{at}.branch3.1", five, red5, 3)  # a mistake that became its name
        yield from basic(f"{at}.branch4.1", proj, channels, 1)
    for name, channels in (("aux1", 512), ("aux2", 528)):
        yield from basic(f"{name}.conv", 128, channels, 1)
        yield from linear(f"{name}.fc1", 1024, 2048)
        yield from linear(f"{name}.fc2", 1000, 1024)
    yield from linear("fc", 1000, 1024)


FIRES = {"1_0": (3, 4, 5, 7, 8, 9, 10, 12), "1_1": (3, 4, 6, 7, 9, 10, 11, 12)}
FIRE_WIDTHS = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))


def squeezenet(version, classes=1000):
    channels, side = {"1_0": (96, 7), "1_1": (64, 3)}[version]
    yield from conv("features.0", channels, 3, side, bias=True)
    for place, (squeezed, expanded) in zip(FIRES[version], FIRE_WIDTHS, strict=True):
        at = f"features.{place}"
        yield from conv(f"{at}.squeeze", squeezed, channels, 1, bias=True)
        yield from conv(f"{at}.expand1x1", expanded, squeezed, 1, bias=True)
        yield from conv(f"{at}.expand3x3", expanded, squeezed, 3, bias=True)
        channels = 2 * expanded
    yield from conv("classifier.1", classes, 512, 1, bias=True)


def layer_norm(name, channels):
    yield f"{name}.weight", (channels,)
    yield f"{name}.bias", (channels,)


def convnext(depths, widths):
    yield from conv("features.0.0", widths[0], 3, 4, bias=True)
    yield from layer_norm("features.0.1", widths[0])
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        for block in range(depth):
            at = f"features.{2 * stage + 1}.{block}"
            yield f"{at}.layer_scale", (width, 1, 1)
            yield from conv(f"{at}.block.0", width, 1, 7, bias=True)
            yield from layer_norm(f"{at}.block.2", width)
            yield from linear(f"{at}.block.3", 4 * width, width)
            yield from linear(f"{at}.block.5", width, 4 * width)
        if stage < 3:
            yield from layer_norm(f"features.{2 * stage + 2}.0", width)
            yield from conv(f"features.{2 * stage + 2}.1", widths[stage + 1], width, 2, bias=True)
    yield from layer_norm("classifier.0", widths[-1])
    yield from linear("classifier.2", 1000, widths[-1])


def conv_norm(name, filters, channels, side):
    yield from conv(f"{name}.0", filters, channels, side)
    yield from norm(f"{name}.1", filters)


MOBILENET_V2 = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3),
                (6, 320, 1))  # fmt: skip


def mobilenet_v2():
    yield from conv_norm("features.0", 32, 3, 3)
    channels, number = 32, 0
    for expand, filters, depth in MOBILENET_V2:
        for _ in range(depth):
            number, wide = number + 1, expand * channels
            rows = ((wide, channels, 1), (wide, 1, 3))[expand == 1 :]
            for i, (out, seen, side) in enumerate(rows):
                yield from conv_norm(f"features.{number}.conv.{i}", out, seen, side)
            yield from conv(f"features.{number}.conv.{len(rows)}", filters, wide, 1)
            yield from norm(f"features.{number}.conv.{len(rows) + 1}", filters)
            channels = filters
    yield from conv_norm("features.18", 1280, 320, 1)
    yield from linear("classifier.1", 1000, 1280)


EFFICIENTNET_B0 = ((1, 3, 16, 1), (6, 3, 24, 2), (6, 5, 40, 2), (6, 3, 80, 3), (6, 5, 112, 3),
                   (6, 5, 192, 4), (6, 3, 320, 1))  # fmt: skip


def efficientnet_b0():
    yield from conv_norm("features.0", 32, 3, 3)
    channels = 32
    for stage, (expand, side, filters, depth) in enumerate(EFFICIENTNET_B0, start=1):
        for block in range(depth):
            at, wide, narrow = f"features.{stage}.{block}.block", expand * channels, channels // 4
            place = 0
            if expand > 1:
                yield from conv_norm(f"{at}.0", wide, channels, 1)
                place = 1
            yield from conv_norm(f"{at}.{place}", wide, 1, side)
            yield from conv(f"{at}.{place + 1}.fc1", narrow, wide, 1, bias=True)
            yield from conv(f"{at}.{place + 1}.fc2", wide, narrow, 1, bias=True)
            yield from conv_norm(f"{at}.{place + 2}", filters, wide, 1)
            channels = filters
    yield from conv_norm("features.8", 1280, 320, 1)
    yield from linear("classifier.1", 1000, 1280)
