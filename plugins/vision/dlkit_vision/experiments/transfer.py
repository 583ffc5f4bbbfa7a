"""What a network learned of five digits helps it with five others, of which it sees few.

Claim: a model trained on data set A "can now be used on data set B" (slides, transfer learning):
its features are kept and only a new classifier is trained.

What is done: A is the digits 0–4, B the digits 5–9, all turned, scaled and moved about in a larger
noisy image, with four labelled images a class of B. The same network is trained on these from
scratch; with the features of A frozen; and, as the control, with frozen random features: its norms
have seen A, its weights have learned nothing. Ten draws of the labelled images, the same for all
three. Then the same again with digits that stand upright in the middle, as they were scanned.

What it shows: features of A are worth much where A teaches what B needs and has too few images to
teach, here that a digit stays the same wherever it stands. Upright digits need no such lesson, and
there the claim fails: the features of A are better than random ones, but learning from scratch on
the same twenty images is better than both. What it does not: whether one should freeze; training
on from the features of A is not tried.

Source: Yosinski, Clune, Bengio, Lipson, "How transferable are features in deep neural networks?",
arXiv:1411.1792, of which the random control is §4.3.
"""

import keras
import numpy as np

import dlkit
from dlkit import blocks
from dlkit_vision.experiments import training
from dlkit_vision.experiments.finding import GAP, Finding, Result

A, B = range(5), range(5, 10)
SHOTS, DRAWS = 4, 10  # labelled images of a class of B; how often they are drawn
COPIES = 6  # of each image of A
RATE, EPOCHS, STEPS = 0.1, 8, 100  # epochs on A, steps on B
INK, SIDE = 14, 24  # pixels of a digit, and of the image that it stands in
TURN, SCALE, SHIFT, NOISE = 0.7, 0.2, 5.0, 15.0  # radians, share, pixels, gray levels
LAYERS = ((16, 1), (32, 2), (64, 2), (64, 1))  # filters, step


def run(seed: int) -> Result:
    """Transfers from A to B, with digits that stand anyhow and with upright ones."""
    anyhow, upright = (_means(seed, strength) for strength in (1.0, 0.0))
    transferred = anyhow["features of A"]
    return Result(
        (
            *(Finding(f"{way}, mean of {DRAWS} draws", x, "%") for way, x in anyhow.items()),
            Finding("features of A above scratch", transferred - anyhow["scratch"], "points",
                    least=GAP),
            Finding("… above random features", transferred - anyhow["random features"], "points",
                    least=GAP),
            *(Finding(f"upright digits: {way}", x, "%") for way, x in upright.items()),
        )
    )  # fmt: skip


def _means(seed: int, strength: float) -> dict[str, float]:
    """The mean test accuracy on B by each way of learning from few."""
    random = np.random.default_rng(seed)
    learned, judged = training.digits(INK)
    source = moved(_repeated(learned.of(A), COPIES), random, strength)
    target, judged = (moved(data.of(B), random, strength) for data in (learned, judged))
    keras.utils.set_random_seed(seed)
    scratch, untrained, trained = network(), network(), network()
    training.fit(trained, source, keras.optimizers.SGD(RATE), EPOCHS)
    training.fit(untrained, source, keras.optimizers.SGD(0.0), 1)  # its norms alone see A
    # A frozen network gives the same features at every step: they are computed once.
    ways = {
        "scratch": (scratch, target, judged),
        "random features": _on_features(untrained, target, judged),
        "features of A": _on_features(trained, target, judged),
    }
    draws = [_few(target.labels, random) for _ in range(DRAWS)]
    return {way: _mean(*parts, draws) for way, parts in ways.items()}


def _on_features(model: keras.Model, *data: training.Images) -> tuple:
    """The model's classifier alone, and what the layers before it make of the data."""
    features = dlkit.reset_classifier(model, 0)
    classifier = keras.Sequential(
        [keras.Input(features.output.shape[1:]), keras.layers.Dense(len(B), "softmax")]
    )
    given = (features.predict(one.images, batch_size=256, verbose=0) for one in data)
    pairs = zip(given, data, strict=True)
    return classifier, *(training.Images(values, one.labels) for values, one in pairs)


def _mean(
    model: keras.Model, target: training.Images, judged: training.Images, draws: list[np.ndarray]
) -> float:
    """The test accuracy after `STEPS` steps on a few images, over several draws of these."""
    model.compile(keras.optimizers.SGD(RATE), "sparse_categorical_crossentropy")
    start, right = model.get_weights(), []
    for rows in draws:
        model.set_weights(start)
        steps = np.tile(rows, STEPS)  # one step a batch, each of all that there is
        model.fit(target.images[steps], target.labels[steps], len(rows), shuffle=False, verbose=0)
        right.append(training.accuracy(model, judged))
    return float(np.mean(right))


def network() -> keras.Model:
    """Four convolutions with norms, and a classifier of five classes."""
    style = blocks.STYLES["paper"]
    image, x = blocks.image_input((SIDE, SIDE, 1), blocks.symmetric)
    for n, (filters, strides) in enumerate(LAYERS, start=1):  # 24×24×16, 12×12×32, 6×6×64
        x = blocks.conv_norm_act(x, filters, 3, strides, style=style, name=f"conv{n}")
    return keras.Model(image, blocks.classifier(x, len(B), pooling="average", style=style))


def moved(data: training.Images, random: np.random.Generator, strength: float) -> training.Images:
    """Each digit in a larger noisy image, turned, scaled and shifted at random.

    Args:
        data: of `INK`×`INK` pixels.
        random: where the numbers come from.
        strength: 1 for all of `TURN`, `SCALE` and `SHIFT`, 0 for upright digits in the middle.

    Returns:
        Images of `SIDE`×`SIDE` pixels.
    """
    margin = (SIDE - INK) // 2
    images = np.pad(data.images, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
    spread = strength * random.uniform(-1, 1, (4, len(data)))
    turn, scale, shift = TURN * spread[0], 1 + SCALE * spread[1], SHIFT * spread[2:]
    cos, sin = np.cos(turn) / scale, np.sin(turn) / scale
    middle = (SIDE - 1) / 2
    # From a place of the new image to the old one's: x' = M (x - middle - shift) + middle.
    x, y = middle + shift
    rows = [cos, -sin, middle - cos * x + sin * y, sin, cos, middle - sin * x - cos * y]
    matrices = np.stack([*rows, np.zeros_like(turn), np.zeros_like(turn)], axis=1)
    placed = keras.ops.image.affine_transform(images.astype("float32"), matrices.astype("float32"))
    noisy = np.asarray(placed) + random.normal(0, NOISE, images.shape)
    return training.Images(noisy.clip(0, 255).astype("uint8"), data.labels)


def _few(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The rows of `SHOTS` images of each class."""
    classes = (np.flatnonzero(labels == label) for label in range(len(B)))
    return np.concatenate([random.choice(rows, SHOTS, replace=False) for rows in classes])


def _repeated(data: training.Images, times: int) -> training.Images:
    return training.Images(np.tile(data.images, (times, 1, 1, 1)), np.tile(data.labels, times))
