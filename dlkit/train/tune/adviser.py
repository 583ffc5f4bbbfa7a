"""What to try next: keras-tuner's oracles, asked and told from outside.

An oracle is asked for values and told how good they were. Its own files are not kept: a search that
goes on asks from the beginning, and is told at once what its folders already know.
"""

import math
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from dlkit.train import extras
from dlkit.train.tune import space
from dlkit.train.tune.space import Choice, Dimension

ALGORITHMS = {  # name -> keras-tuner's oracle, and what it does
    "random": ("RandomSearchOracle", "each value drawn for itself"),
    "bayesian": ("BayesianOptimizationOracle", "where a Gaussian process expects the best"),
    "hyperband": ("HyperbandOracle", "many for few epochs, the best third for three times as many"),
}
EPOCHS = "tuner/epochs"  # the name under which Hyperband says how long a trial is to be
FACTOR = 3  # of Hyperband: so many times fewer trials a round, for so many times the epochs
PATIENCE = 20  # times that each point of a small space is drawn before it counts as gone through

_RUNNING, _COMPLETED, _FAILED = "RUNNING", "COMPLETED", "FAILED"


def check() -> None:
    """Looks for keras-tuner.

    Raises:
        MissingExtra: it is not installed.
    """
    extras.need("a search", ["keras_tuner"], "dlkit-core[tune]")


def brackets(epochs: int) -> list[list[int]]:
    """How many trials each round of each of Hyperband's brackets has, as keras-tuner counts them.

    Args:
        epochs: the most that a trial gets, as those of a bracket's last round do.
    """
    highest = 0
    while FACTOR ** (highest + 1) <= epochs:
        highest += 1
    last = math.ceil(1 + math.log(epochs, FACTOR))
    return [
        [math.ceil(last / (number + 1) * FACTOR ** (number - r)) for r in range(number + 1)]
        for number in range(highest, -1, -1)
    ]


class Adviser:
    """Asks one of keras-tuner's oracles for settings, trial by trial.

    With the same arguments and answers it says the same again, on the same version.

    Args:
        algorithm: `random` (Bergstra & Bengio 2012), `bayesian` (Snoek et al. 2012, by upper
            confidence bounds) or `hyperband` (Li et al. 2018).
        dimensions: what may vary.
        mode: `max` or `min`: which values are better.
        trials: how many at most.
        seed: of what is drawn.
        epochs: the most that a trial of Hyperband gets.
    """

    def __init__(
        self,
        algorithm: str,
        dimensions: Sequence[Dimension],
        mode: str,
        trials: int,
        seed: int,
        epochs: int,
    ):
        import keras_tuner
        from keras_tuner.engine.base_tuner import BaseTuner

        self.dimensions = {dimension.path: dimension for dimension in dimensions}
        made = getattr(keras_tuner.oracles, ALGORITHMS[algorithm][0])
        own = (
            {"max_epochs": epochs, "factor": FACTOR}
            if algorithm == "hyperband"
            else {"max_trials": trials}
        )
        self._oracle = made(
            objective=keras_tuner.Objective("value", direction=mode),
            hyperparameters=_space(dimensions),
            seed=seed + 1,  # keras-tuner takes 0 for none, and draws one
            max_consecutive_failed_trials=trials + 1,
            **own,
        )
        self._oracle.verbose = 0
        if math.isfinite(many := space.points(dimensions)):
            self._oracle._max_collisions = PATIENCE * many
        self._aside = tempfile.TemporaryDirectory(prefix="dlkit-tune-")
        BaseTuner(self._oracle, directory=self._aside.name)  # it is what gives an oracle a folder
        self._trial: Any = None

    def ask(self) -> dict[str, Any] | None:
        """The settings to try next, by path; None where there are none left.

        Hyperband's have `epochs` among them.
        """
        with warnings.catch_warnings():  # a Gaussian process of few trials fits badly, of course
            warnings.filterwarnings("ignore", module="sklearn")
            self._trial = self._oracle.create_trial("dlkit")
        if self._trial.status != _RUNNING:
            return None
        values = self._trial.hyperparameters.values
        settings = {path: _decoded(dim, values[path]) for path, dim in self.dimensions.items()}
        self._correct(settings)
        return settings | ({"epochs": int(values[EPOCHS])} if EPOCHS in values else {})

    def tell(self, value: float, settings: Mapping[str, Any]) -> None:
        """How good the trial was that was asked for last.

        Args:
            value: NaN where it failed.
            settings: what it was in truth.
        """
        self._correct(settings)
        if math.isfinite(value):
            self._oracle.update_trial(self._trial.trial_id, {"value": float(value)})
        self._trial.status = _COMPLETED if math.isfinite(value) else _FAILED
        self._oracle.end_trial(self._trial)

    def close(self) -> None:
        """Removes keras-tuner's files."""
        self._aside.cleanup()

    def _correct(self, settings: Mapping[str, Any]) -> None:
        """Has the oracle know the values that are tried, rounded as they are."""
        values = self._trial.hyperparameters.values
        for path, dimension in self.dimensions.items():
            values[path] = _encoded(dimension, settings[path])


def _space(dimensions: Sequence[Dimension]) -> Any:
    """The dimensions as keras-tuner has them."""
    import keras_tuner

    space = keras_tuner.HyperParameters()
    for dim in dimensions:
        if isinstance(dim, Choice):
            numbers = _are_numbers(dim)
            texts = [str(index) for index in range(len(dim.values))]
            space.Choice(dim.path, list(dim.values) if numbers else texts, ordered=numbers)
        else:
            add = space.Int if dim.whole else space.Float
            add(dim.path, dim.low, dim.high, sampling="log" if dim.is_log else "linear")
    return space


def _are_numbers(dim: Choice) -> bool:
    """Whether near values may be expected to do alike; keras-tuner wants them of one type."""
    return {type(value) for value in dim.values} in ({int}, {float})


def _decoded(dim: Dimension, value: Any) -> Any:
    if not isinstance(dim, Choice):
        return dim.tidy(value)
    return value if _are_numbers(dim) else dim.values[int(value)]


def _encoded(dim: Dimension, value: Any) -> Any:
    if not isinstance(dim, Choice) or _are_numbers(dim):
        return value
    return str(dim.values.index(value))
