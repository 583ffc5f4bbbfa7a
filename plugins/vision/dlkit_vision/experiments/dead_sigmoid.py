"""Sigmoids leave LeNet at chance under plain SGD; tanh, BatchNorm or Adam revives it.

Claim: the slides' LeNet, "Conv → Sigm → Pool → Conv → Sigm → Pool → FC → Sigm", is the textbook's;
the paper's has tanh, and not by chance: sigmoids are not centred, and their slope is a quarter at
most, so that each layer passes on a fraction of its gradient.

What is done: LeNet-5 learns the 32×32 digits by SGD at one rate, with sigmoids, with tanh, and with
sigmoids behind batch norms; and with sigmoids by Adam.

What it shows: sigmoids alone learn nothing in this budget, and each of three mends suffices. What
it does not: that they never would; only that 330 steps at this rate are too few.

Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, §4.4; Glorot and Bengio,
"Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, §3.
"""

from functools import partial

import keras

import dlkit
from dlkit_vision.experiments import training
from dlkit_vision.experiments.finding import GAP, Finding, Result

RATE, EPOCHS = 0.1, 15
ADAM_RATE = 0.003
CHANCE = 20.0  # percent: twice what guessing one class gives


def lenet(activation: str) -> keras.Model:
    """The registered LeNet-5 for digits, with that activation."""
    return dlkit.create_model(
        "lenet5", num_classes=10, input_shape=(32, 32, 1), activation=activation
    )


def with_norms(model: keras.Model) -> keras.Model:
    """A copy, weights drawn anew, with a batch norm before each sigmoid."""

    def call(layer: keras.layers.Layer, x, **options):
        if getattr(layer, "activation", None) is not keras.activations.sigmoid:
            return layer(x, **options)
        layer.activation = keras.activations.linear
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"{layer.name}_norm")(layer(x))
        return keras.layers.Activation("sigmoid", name=f"{layer.name}_act")(x)

    return keras.models.clone_model(model, call_function=call)


SGD = partial(keras.optimizers.SGD, RATE)
LENETS = {  # what is built, and how it is trained
    "sigmoid": (partial(lenet, "sigmoid"), SGD),
    "tanh": (partial(lenet, "tanh"), SGD),
    "sigmoid and BatchNorm": (lambda: with_norms(lenet("sigmoid")), SGD),
    "sigmoid, Adam": (partial(lenet, "sigmoid"), partial(keras.optimizers.Adam, ADAM_RATE)),
}


def run(seed: int) -> Result:
    """Trains LeNet four times."""
    learned, judged = training.digits(32)
    right = {}
    for name, (build, optimizer) in LENETS.items():
        keras.utils.set_random_seed(seed)
        model = build()
        training.fit(model, learned, optimizer(), EPOCHS)
        right[name] = training.accuracy(model, judged)
    dead = right.pop("sigmoid")
    return Result(
        (
            Finding("sigmoid, test accuracy", dead, "%", most=CHANCE),
            *(Finding(f"{name}, test accuracy", value, "%") for name, value in right.items()),
            *(
                Finding(f"{name}, above sigmoid alone", value - dead, "points", least=GAP)
                for name, value in right.items()
            ),
        )
    )
