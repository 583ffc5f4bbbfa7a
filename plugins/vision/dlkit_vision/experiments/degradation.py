"""Plain-56 has a higher training error than plain-20 and than ResNet-56.

Claim: with more layers a plain network comes to a *higher training error*, so it is no overfitting;
shortcuts cure it. The slides: "This problem is called the degradation problem. Deeper layers
struggle to even find an identity mapping", and "Identity is now easy to learn".

What is done: the four networks of the paper's CIFAR experiments learn the original 8×8 digits, all
with the same optimizer, rate and number of steps. Residual and plain networks have exactly as many
parameters. The training error is the last epoch's, taken while the network learned, as in the
paper's figures.

What it shows: at an equal budget 36 more layers harm a plain network much and a residual one
little. What it does not: where plain-56 would end with a hundred times the steps, nor that
ResNet-56 beats ResNet-20, for which digits are too easy. How badly plain-56 fares varies with the
seed and the rate.

Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385, §1,
§4.1 and §4.2.
"""

import keras

import dlkit
from dlkit import plots
from dlkit_vision.experiments import training
from dlkit_vision.experiments.finding import GAP, Finding, Result

NETWORKS = ("plain20", "plain56", "resnet20", "resnet56")
SIZE, RATE, EPOCHS = 8, 0.1, 15


def run(seed: int) -> Result:
    """Trains the four networks."""
    learned, _ = training.digits(SIZE)
    histories = {}
    for name in NETWORKS:
        keras.utils.set_random_seed(seed)
        model = dlkit.create_model(name, num_classes=10, input_shape=(SIZE, SIZE, 1))
        histories[name] = training.fit(model, learned, keras.optimizers.SGD(RATE), EPOCHS)
    error = {name: 100 * (1 - history["accuracy"][-1]) for name, history in histories.items()}
    plain, residual = (error[f"{kind}56"] - error[f"{kind}20"] for kind in ("plain", "resnet"))
    return Result(
        (
            *(Finding(f"{name}, training error", error[name], "%") for name in NETWORKS),
            Finding("36 more layers: what they add to the plain error", plain, "points", least=GAP),
            Finding("… more than to the residual error", plain - residual, "points", least=GAP),
            Finding("plain56 errs more than resnet56", error["plain56"] - error["resnet56"],
                    "points", least=GAP),
        ),
        {"curves": lambda: plots.compare(histories, ("accuracy",))},
    )  # fmt: skip
