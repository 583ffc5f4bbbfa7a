"""Our networks beside those of `keras.applications` and torchvision.

Run by `tox -e bench`. A ratio is the other's time by ours, so that more than 1 means quicker here;
each is the median of interleaved pairs with a bootstrap interval. All are printed, none is
asserted. torchvision is compared where it is installed; nothing here installs it.
"""

import functools

import keras
import numpy as np
import pytest

import dlkit

NETWORKS = {  # ours, its options, theirs in Keras and in torchvision, images in a batch
    "resnet50": ({"style": "keras"}, "ResNet50", "resnet50", 8),
    "mobilenet": ({}, "MobileNet", None, 8),
    "vgg16": ({"style": "keras"}, "VGG16", "vgg16", 2),
}
AS_KERAS_HAS_IT = {"vgg16": {"dropout": 0.0}}  # the others' dropout is the same in both
CLASSES = 1000
SIDE = 224


@pytest.fixture(params=NETWORKS)
def network(request):
    yield request.param
    keras.backend.clear_session()


def ours(name, **options):
    return dlkit.create_model(name, include_preprocessing=False, **NETWORKS[name][0], **options)


def ours_as_keras_has_it(name):
    return ours(name, **AS_KERAS_HAS_IT.get(name, {}))


def theirs(name):
    return getattr(keras.applications, NETWORKS[name][1])(weights=None)


def batch(name):
    """Images (batch, side, side, 3) as preprocessing leaves them, and their labels."""
    draw = np.random.default_rng(0)
    size = NETWORKS[name][3]
    images = draw.normal(0, 1, (size, SIDE, SIDE, 3)).astype("float32")
    return images, draw.integers(0, CLASSES, size)


def both(name, ready):
    """What to run for theirs, and for ours: `ready(model)` gives a function of nothing."""
    return ready(theirs(name)), ready(ours_as_keras_has_it(name))


@pytest.mark.slow
def test_build(network, compare):
    """From a name to a model."""
    name = f"{network}: keras.applications / dlkit, build"
    mine = functools.partial(ours_as_keras_has_it, network)
    compare(name, lambda: theirs(network), mine, "≥ 0.97", pairs=30)


@pytest.mark.slow
def test_train_step(network, compare):
    """One step of plain SGD by `train_on_batch`."""
    images, labels = batch(network)

    def ready(model):
        model.compile(keras.optimizers.SGD(1e-3), "sparse_categorical_crossentropy")
        return functools.partial(model.train_on_batch, images, labels)

    name = f"{network}: keras.applications / dlkit, train step of {len(images)}"
    compare(name, *both(network, ready), "≥ 0.97", images=len(images))


@pytest.mark.slow
def test_predict(network, compare):
    """Probabilities of one batch by `predict_on_batch`."""
    images, _ = batch(network)
    name = f"{network}: keras.applications / dlkit, predict of {len(images)}"
    ready = both(network, lambda model: lambda: model.predict_on_batch(images))
    compare(name, *ready, "≥ 0.97", images=len(images))


@pytest.mark.slow
@pytest.mark.parametrize("training", [True, False], ids=["train step", "predict"])
def test_beside_torch(network, compare, training):
    """The same work by torchvision's network, in torch's usual loop, on as many threads."""
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")
    if NETWORKS[network][2] is None:
        pytest.skip("torchvision does not have it")
    images, labels = batch(network)
    model = getattr(models, NETWORKS[network][2])(weights=None)
    pixels, classes = torch.from_numpy(images.transpose(0, 3, 1, 2)).clone(), torch.tensor(labels)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(pixels), classes).backward()
        optimizer.step()

    def answer():
        with torch.inference_mode():
            model(pixels)

    model.train(training)
    mine = ours(network)
    mine.compile(keras.optimizers.SGD(1e-3), "sparse_categorical_crossentropy")
    what = "train step" if training else "predict"
    compare(
        f"{network}: torch {torch.__version__} / dlkit, {what} of {len(images)}",
        step if training else answer,
        (lambda: mine.train_on_batch(images, labels)) if training
        else (lambda: mine.predict_on_batch(images)),
        "none",
        images=len(images),
    )  # fmt: skip
