"""A model under test: builds it, feeds it, and leaves it as it was."""

import contextlib
import gc
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import keras
import numpy as np

from dlkit import registry
from dlkit.registry import spec
from dlkit.testing import process

SEED = 20

Data = Callable[[spec.ModelSpec, int], np.ndarray]
Loss = Callable[[Any, Any], Any]


class Bench:
    """What the checks of one plugin share: the builds of the model at hand, and one process.

    Checks run model by model, so only the latest model's builds are held: a plugin of thirty large
    networks fits in memory. Benches work one after another: one that is asked takes all from the
    one before.
    """

    _at_work: ClassVar["Bench | None"] = None

    def __init__(self):
        self._owner: object = None
        self._models: dict[str, keras.Model] = {}
        self._loader: process.Loader | None = None

    def model(self, owner: object, key: str, build: Callable[[], keras.Model]) -> keras.Model:
        """The build that `owner` keeps under `key`; made on first use."""
        self._take_over()
        if owner is not self._owner:
            self._owner, self._models = owner, {}
            gc.collect()  # layers and their model refer to each other
        if key not in self._models:
            self._models[key] = build()
        return self._models[key]

    def loader(self) -> process.Loader:
        """A process that has loaded none of the plugin's code."""
        self._take_over()
        if self._loader is None or not self._loader.alive:
            self._loader = process.Loader()
        return self._loader

    def close(self) -> None:
        """Gives up the builds and the process; what is asked for again is made again."""
        self._owner, self._models = None, {}
        if self._loader is not None:
            self._loader.close()
            self._loader = None

    def _take_over(self) -> None:
        if Bench._at_work not in (None, self):
            Bench._at_work.close()
        Bench._at_work = self


class Subject:
    """One registered model, with data of the shape it declares.

    Args:
        entry: its row of the manifest.
        bench: shared among the models of a plugin.
        inputs: `(entry, rows) -> array`, a batch that it takes; None where the kit knows no data
            for its task.
        labels: `(entry, rows) -> array`, the answers to that batch.
        loss: `(labels, outputs) -> scalar tensor`.
        config: options of every build, beside those that a check gives.
    """

    def __init__(
        self,
        entry: spec.ModelSpec,
        bench: Bench,
        inputs: Data | None = None,
        labels: Data | None = None,
        loss: Loss | None = None,
        config: Mapping[str, Any] | None = None,
    ):
        self.spec = entry
        self.bench = bench
        self.loss = loss
        self.config = dict(config or {})
        self._inputs = inputs
        self._labels = labels

    @property
    def model(self) -> keras.Model:
        """The default build. Checks share it: whoever changes it does so within `kept`."""
        return self.bench.model(self, "model", self.build)

    @property
    def twin(self) -> keras.Model:
        """A second default build from the same seed, free to be compiled."""
        return self.bench.model(self, "twin", self.build)

    @property
    def features(self) -> keras.Model:
        """The build without a classifier."""
        return self.bench.model(self, "features", lambda: self.build(num_classes=0))

    def build(self, seed: int = SEED, **config: Any) -> keras.Model:
        """A new build from a seed."""
        keras.utils.set_random_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of a deprecated model, which works yet
            return registry.create("model", self.spec.full_name, **{**self.config, **config})

    def inputs(self, rows: int = 4) -> np.ndarray:
        """A batch as the task has it; for images uint8 `(rows, height, width, channels)`."""
        return self._inputs(self.spec, rows)

    def labels(self, rows: int = 4) -> np.ndarray:
        """The answers to `inputs(rows)`."""
        return self._labels(self.spec, rows)

    @contextlib.contextmanager
    def settled(self) -> Iterator[keras.Model]:
        """The shared model with the statistics of its normalizations taken from `inputs()`.

        A deep network that never met data has outputs so large that every softmax is one-hot:
        answers would agree whatever was wrong.
        """
        with self.kept(self.model) as model:
            norms = [part for part in parts(model) if hasattr(part, "moving_mean")]
            momenta = [norm.momentum for norm in norms]
            try:
                for norm in norms:
                    norm.momentum = 0.0
                if norms:
                    model(self.inputs(), training=True)
            finally:
                for norm, momentum in zip(norms, momenta, strict=True):
                    norm.momentum = momentum
            yield model

    @contextlib.contextmanager
    def kept(self, model: keras.Model) -> Iterator[keras.Model]:
        """Gives the model back its values when the block ends, those of its seeds included."""
        values = [variable.numpy() for variable in model.variables]
        try:
            yield model
        finally:
            for variable, value in zip(model.variables, values, strict=True):
                variable.assign(value)


def parts(model: keras.Model) -> list[keras.layers.Layer]:
    """A model's layers in their order, those of models inside it included."""
    found = []
    for layer in model.layers:
        found.append(layer)
        if isinstance(layer, keras.Model):
            found += parts(layer)
    return found
