"""What torchvision's networks answer to weights and images that anyone can draw again.

Run where torch and torchvision are installed, this file prints the answers that stand in ANSWERS;
they are by torchvision 0.28.0 on torch 2.13.0. The tests draw the same weights for our networks.
"""

import sys
import zlib

import numpy as np

CLASSES = 5
SIDES = {"alexnet": (224, 224), "vgg11_bn": (64, 96)}
ODD = (97, 130)  # for the others, so that their poolings have a rest

ANSWERS = {  # of two images: logits, or the first means over VGG's last map
    "alexnet": (
        (-0.184181422, -0.328847528, 1.77725017, 1.99216318, 1.31374502),
        (-0.239857644, -1.02925026, 1.79139733, 2.11227131, 1.30620778),
    ),
    "vgg11_bn": (
        (0.669415653, 1.2642529, 0.901494801, 0.628076196, 2.09263754),
        (0.700528145, 1.53922939, 0.907898962, 0.548432827, 2.10119462),
    ),
    "googlenet": (
        (1.29645014, -0.82120204, 0.824036241, 3.64549065, -1.64280331),
        (1.26368892, -0.772433937, 0.949940205, 3.51512718, -1.55866909),
    ),
    "squeezenet1_0": (
        (0, 0.079482764, 0.144149855, 0.113773331, 0),
        (0, 0.0683652908, 0.136298209, 0.126712725, 0.000169286664),
    ),
    "squeezenet1_1": (
        (0, 0.084443599, 0.235747084, 0.0153841525, 0.00428069243),
        (0.00124626001, 0.0832947418, 0.232522324, 0.0180863608, 0.00339701842),
    ),
    "mobilenet_v2": (
        (-1.81409466, 1.70354378, -1.3729322, -0.468887448, -2.73445892),
        (-2.35043693, 1.55845249, -1.49934232, -0.422523737, -2.27212143),
    ),
    "efficientnet_b0": (
        (-0.0712027252, 0.0128430258, 0.361519933, -0.0893035233, -0.207913905),
        (-0.0709035993, 0.012951795, 0.361670911, -0.0890879482, -0.207309544),
    ),
}


def images(name):
    """Two images `(2, height, width, 3)` between -2 and 2, as if they were preprocessed."""
    shape = (2, *SIDES.get(name, ODD), 3)
    return 4 * np.random.default_rng(0).random(shape, dtype="float32") - 2


def drawn(key, shape):
    """The tensor that torch calls `key`, in torch's layout: kernels (out, in, height, width)."""
    value = np.random.default_rng(zlib.crc32(key.encode())).random(shape, dtype="float32")
    if len(shape) > 1:
        return np.float32(np.sqrt(4.5 / np.prod(shape[1:]))) * (2 * value - 1)
    if key.endswith(("weight", "running_var")):  # gains and variances
        return value + np.float32(0.5)
    return (value - np.float32(0.5)) / 5


def load(model, places):
    """Draws the weights of a Keras model; `places` says what torch calls each of its layers."""
    import keras

    for layer in model.layers:
        if not layer.weights:
            continue
        place = places(layer.name)
        if isinstance(layer, keras.layers.BatchNormalization):
            keys = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([drawn(f"{place}.{key}", layer.gamma.shape) for key in keys])
            continue
        kernel, *bias = layer.weights
        if isinstance(layer, keras.layers.DepthwiseConv2D):  # to torch, as many groups
            *window, channels, _ = kernel.shape
            value = drawn(f"{place}.weight", (channels, 1, *window))
            layer.set_weights([value.transpose(2, 3, 0, 1)])
            continue
        # A dense layer on a map is, to torch, what a convolution of the map's size is.
        before = layer.input._keras_history.operation
        flat = isinstance(before, keras.layers.Flatten)
        window = tuple(before.input.shape[1:]) if flat else tuple(kernel.shape[:-1])
        torch_shape = (kernel.shape[-1], window[-1], *window[:-1])
        # torch draws the flat kernel as a matrix; the same numbers in the same order.
        value = drawn(f"{place}.weight", torch_shape).transpose(*range(2, len(torch_shape)), 1, 0)
        biases = [drawn(f"{place}.bias", b.shape) for b in bias]
        layer.set_weights([value.reshape(kernel.shape), *biases])


def answer(name):
    """Two rows of numbers, by torchvision's network of that name."""
    import torch
    from torchvision import models

    options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    model = getattr(models, name)(weights=None, num_classes=CLASSES, **options).eval()
    for key, tensor in model.state_dict().items():
        if tensor.dim():  # not the count of batches
            tensor.copy_(torch.from_numpy(drawn(key, tuple(tensor.shape))))
    with torch.no_grad():
        x = torch.from_numpy(images(name)).permute(0, 3, 1, 2)
        y = model.features(x).mean((2, 3)) if name == "vgg11_bn" else model(x)
    return tuple(map(tuple, y[:, :CLASSES].tolist()))


if __name__ == "__main__":
    sys.stdout.writelines(f"    {name!r}: {answer(name)},\n" for name in ANSWERS)
