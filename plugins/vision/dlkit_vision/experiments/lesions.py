"""Most blocks of a residual network can go; hardly a layer of a plain one can.

Claim: "ResNet works like an ensemble of many paths" (slides, the unravelled view). n blocks are 2ⁿ
paths, and deleting a block leaves half of them; in a plain network every layer lies on the only
path.

What is done: a pre-activation ResNet-56 learns the 8×8 digits. Each of its 27 blocks is deleted in
turn, without any training afterwards; then several at once, drawn at random. Of plain-20, trained
alike, each convolution that keeps the map's shape is replaced with its norm by the identity.

What it shows: the median block can go, and accuracy falls gradually with the number deleted. What
it does not: that every block can (the first ones of each stage cost most), nor that the paths learn
as an ensemble's members do. The plain network is shallower, since plain-56 hardly learns
(`degradation`), and loses one convolution where the residual one loses two.

Source: Veit, Wilber, Belongie, "Residual Networks Behave Like Ensembles of Relatively Shallow
Networks", arXiv:1605.06431, §4.1 and §4.2.
"""

from collections.abc import Iterator

import keras
import numpy as np

import dlkit
from dlkit import plots
from dlkit.inspection import lesion_study, residual_blocks
from dlkit.layers import Switch
from dlkit_vision.experiments import training
from dlkit_vision.experiments.finding import GAP, Finding, Result

SIZE, RATE, EPOCHS = 8, 0.05, 8
COUNTS = (1, 2, 4, 8, 16)  # blocks deleted together
DRAWS = 10  # of so many blocks
HARMLESS = 5.0  # points that the median block may cost


def run(seed: int) -> Result:
    """Trains two networks and takes them apart."""
    learned, judged = training.digits(SIZE)
    residual, plain = (_trained(name, learned, seed) for name in ("resnet56-v2", "plain20"))
    places = residual_blocks(residual)
    random = np.random.default_rng(seed)
    several = [random.choice(places, k, replace=False) for k in COUNTS for _ in range(DRAWS)]
    whole, left = lesion_study(
        residual, judged.images, judged.labels, [[place] for place in places] + several, len(judged)
    )
    left, several = 100 * left[: len(places)], 100 * left[len(places) :].reshape(-1, DRAWS)
    whole, fallen = 100 * whole, several.mean(axis=1)
    bypassed = list(_bypassed(plain, judged))
    middle, plain_middle = np.median(left), np.median(bypassed)
    means = (
        Finding(f"… less {k} of {len(places)}, mean of {DRAWS} draws", mean, "%")
        for k, mean in zip(COUNTS, fallen, strict=True)
    )
    return Result(
        (
            Finding("resnet56-v2", whole, "%"),
            Finding("… less one block, the worst", left.min(), "%"),
            Finding("… less one block, the median", middle, "%"),
            Finding("what the median block costs", whole - middle, "points", most=HARMLESS),
            *means,
            Finding("rank correlation of accuracy and number", ranked(fallen), most=-0.8),
            Finding("plain20", training.accuracy(plain, judged), "%"),
            Finding("… less one convolution, the median", plain_middle, "%"),
            Finding("residual above plain, medians", middle - plain_middle, "points", least=GAP),
        ),
        {"blocks": lambda: plots.lesions(places, left / 100, whole / 100, "resnet56-v2, digits")},
    )


def _trained(name: str, learned: training.Images, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = dlkit.create_model(name, num_classes=10, input_shape=(SIZE, SIZE, 1))
    training.fit(model, learned, keras.optimizers.SGD(RATE), EPOCHS)
    return model


def ranked(accuracies: np.ndarray) -> float:
    """Spearman's correlation with the counts, which rise."""
    return float(np.corrcoef(accuracies.argsort().argsort(), np.arange(len(accuracies)))[0, 1])


def _bypassed(model: keras.Model, judged: training.Images) -> Iterator[float]:
    """A plain network's accuracy with each convolution in turn replaced by the identity."""
    copy, places = with_bypasses(model)
    for place in places:
        on, around = (copy.get_layer(f"{place}_{end}").gate for end in ("on", "around"))
        on.assign(0.0)
        around.assign(1.0)
        yield training.accuracy(copy, judged)
        on.assign(1.0)
        around.assign(0.0)


def with_bypasses(model: keras.Model) -> tuple[keras.Model, list[str]]:
    """A copy whose convolutions can be replaced, each with its norm, by the identity.

    Beside each pair that keeps the shape of its map leads a way around, closed at first: its
    switches are `{place}_on` and `{place}_around`.

    Returns:
        The copy, with the same weights, and the places.
    """
    before, places = {}, []

    def call(layer: keras.layers.Layer, x, **options):
        y = layer(x, **options)
        place, _, kind = layer.name.rpartition("_")
        if kind == "conv":
            before[place] = x
        if kind == "norm" and before[place].shape == y.shape:
            places.append(place)
            on, around = Switch(name=f"{place}_on"), Switch(0.0, name=f"{place}_around")
            y = keras.layers.Add(name=f"{place}_either")([on(y), around(before[place])])
        return y

    copy = keras.models.clone_model(model, call_function=call)
    for layer in model.layers:
        copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy, places
