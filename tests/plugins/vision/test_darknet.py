"""Darknet-19 and -53: counts by hand, values by OpenCV, what they refuse."""

import ast
import inspect

import keras
import numpy as np
import pytest
from dlkit_vision import darknet

import dlkit

# The papers' tables, line by line: filters, side of the kernel, step; or a pooling.
DARKNET19 = [
    *((32, 3), "pool", (64, 3), "pool", (128, 3), (64, 1), (128, 3), "pool"),
    *((256, 3), (128, 1), (256, 3), "pool", (512, 3), (256, 1), (512, 3), (256, 1), (512, 3)),
    *("pool", (1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3)),
]
DARKNET53 = [(32, 3)]
for width, times in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
    DARKNET53 += [(width, 3, 2)] + times * [(width // 2, 1), (width, 3), "sum"]
TABLES = {"darknet19": DARKNET19, "darknet53": DARKNET53}


def by_hand(table):
    """Weights of convolutions and of the classifier, and the channels of all norms."""
    kernels = normed = 0
    channels = 3
    for row in table:
        if row not in ("pool", "sum"):
            filters, size = row[:2]
            kernels += size * size * channels * filters
            normed += filters
            channels = filters
    return kernels + 1024 * 1000 + 1000, normed


@pytest.mark.parametrize("name, variables", [("darknet19", 20856776), ("darknet53", 41645640)])
def test_parameters_are_the_published(name, variables):
    model = darknet.darknet(name)
    kernels, normed = by_hand(TABLES[name])
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == kernels + 2 * normed
    assert model.count_params() == kernels + 4 * normed == variables
    layers = [x for x in model.layers if isinstance(x, keras.layers.Conv2D | keras.layers.Dense)]
    assert len(layers) == int(name.removeprefix("darknet"))
    assert model.name == name


@pytest.mark.parametrize(
    "name, ends",
    [
        ("darknet19", ("conv2_act", "conv3_block1_2_act", "conv4_block1_2_act",
                       "conv5_block2_2_act", "conv6_block2_2_act")),
        ("darknet53", ("conv2_block1_add", "conv3_block2_add", "conv4_block8_add",
                       "conv5_block8_add", "conv6_block4_add")),
    ],
)  # fmt: skip
def test_the_stages_shapes_at_the_detectors_size(name, ends):
    model = darknet.darknet(name, num_classes=0, input_shape=(416, 416, 3))
    assert [model.get_layer(end).output.shape[1:] for end in ends] == [
        (208, 208, 64),
        (104, 104, 128),
        (52, 52, 256),
        (26, 26, 512),
        (13, 13, 1024),
    ]
    assert model.output.shape == (None, 1024)


def configuration(table, height, width, classes):
    """The network up to its logits, as Darknet's own file format says it."""
    conv = (
        "[convolutional]\nbatch_normalize={}\nfilters={}\nsize={}\nstride={}\npad=1\nactivation={}"
    )
    parts = [f"[net]\nheight={height}\nwidth={width}\nchannels=3"]
    for row in table:
        if row == "pool":
            parts.append("[maxpool]\nsize=2\nstride=2")
        elif row == "sum":
            parts.append("[shortcut]\nfrom=-3\nactivation=linear")
        else:
            parts.append(conv.format(1, row[0], row[1], row[2] if len(row) > 2 else 1, "leaky"))
    ends = [conv.format(0, classes, 1, 1, "linear"), "[avgpool]"]
    parts += ends if "pool" in table else ends[::-1]
    return "\n\n".join(parts) + "\n"


def weights_file(model):
    """The model's weights as the bytes of a `.weights` file."""
    stream = [np.array([0, 2, 0], "int32").tobytes(), np.array([0], "int64").tobytes()]
    norms = iter(x for x in model.layers if isinstance(x, keras.layers.BatchNormalization))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            norm = next(norms)
            gamma, beta, mean, variance = norm.get_weights()
            variance += np.float32(norm.epsilon - 1e-6)  # OpenCV adds 1e-6
            stream += [values.tobytes() for values in (beta, gamma, mean, variance)]
            kernel = layer.get_weights()[0]
        elif isinstance(layer, keras.layers.Dense):
            kernel, bias = layer.get_weights()
            stream.append(bias.tobytes())
            kernel = kernel[None, None]
        else:
            continue
        stream.append(kernel.transpose(3, 2, 0, 1).tobytes())
    return b"".join(stream)


@pytest.mark.parametrize("name", TABLES)
def test_outputs_equal_opencvs(name, tmp_path, randomise):
    """OpenCV reads the network from Darknet's files and runs it by itself."""
    cv2 = pytest.importorskip("cv2")
    if not hasattr(cv2.dnn, "readNetFromDarknet"):
        pytest.skip("OpenCV 5 does not read Darknet's files any more")
    height, width = 64, 96
    model = darknet.darknet(
        name, num_classes=7, input_shape=(height, width, 3), classifier_activation=None
    )
    images = np.random.default_rng(1).integers(0, 256, (2, height, width, 3), dtype="uint8")
    randomise(model, images)
    (tmp_path / "net.weights").write_bytes(weights_file(model))
    (tmp_path / "net.cfg").write_text(configuration(TABLES[name], height, width, 7))
    net = cv2.dnn.readNetFromDarknet(str(tmp_path / "net.cfg"), str(tmp_path / "net.weights"))
    net.enableWinograd(False)
    net.setInput(images.transpose(0, 3, 1, 2).astype("float32") / 255)
    theirs = net.forward().reshape(2, 7)
    ours = np.asarray(model(images, training=False))
    assert np.abs(theirs[0] - theirs[1]).max() > 0.1 * np.abs(theirs).max()
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


@pytest.fixture
def shallow(monkeypatch):
    monkeypatch.setitem(darknet.NETWORKS, "shallow", (True, (1, 0, 0, 0, 1)))
    return "shallow"


def test_open_sides_other_channels_and_classes(shallow):
    model = darknet.darknet(shallow, num_classes=3, input_shape=(None, None, 1), pooling="max")
    for height, width in ((32, 32), (33, 47)):
        p = model(np.full((2, height, width, 1), 100, "uint8"), training=False)
        assert p.shape == (2, 3)


def test_both_ways_of_halving_keep_an_odd_last_row():
    shapes = [
        darknet.darknet(name, num_classes=0, input_shape=(33, 65, 3)).get_layer(end).output.shape
        for name, end in (("darknet19", "conv6_act"), ("darknet53", "conv6_block4_add"))
    ]
    assert shapes == [(None, 2, 3, 1024)] * 2


@pytest.mark.parametrize(
    "config, message",
    [
        ({"input_shape": (31, 32, 3)}, r"31×32 are too small.*minimum is 32×32"),
        ({"pooling": "avg"}, "no pooling 'avg'"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(config, message, shallow):
    with pytest.raises(dlkit.DlkitError, match=message) as caught:
        darknet.darknet(shallow, **config)
    assert caught.value.fix


def test_the_models_body_fits_twenty_five_lines():
    (function,) = ast.parse(inspect.getsource(darknet.darknet)).body
    body = function.body[1:]  # without the docstring
    assert body[-1].end_lineno - body[0].lineno + 1 <= 25
