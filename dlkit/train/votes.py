"""What several workers do in the same step though only one of them had the reason.

A signal reaches one worker before the others, and no two clocks agree. Yet a worker that saves or
stops a step before the rest leaves them waiting for it in the next sum of gradients, for ever. So
a worker only votes. The votes travel with every step, and all know after the same step that there
was one.
"""

import weakref
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

NAMES = ("SIGINT", "SIGTERM", "save", "time limit")
"""What can be voted for."""


class Votes:
    """One worker's votes, and what it knows of all.

    Args:
        shared: whether other workers vote too; else a vote is carried at once.
    """

    def __init__(self, shared: bool = False):
        self.shared = shared
        self._own = dict.fromkeys(NAMES, False)
        self._counted: Any = np.zeros(len(NAMES), np.float32)

    def together(self, name: str, wanted: bool) -> bool:
        """Whether all workers do it now.

        It is asked after every step, with what this worker alone would do. What is carried is done
        and needs a new vote to be carried again.

        Args:
            name: one of `NAMES`.
            wanted: whether this worker would do it.

        Example:
            >>> if votes.of(self.model).together("save", wanted=self._is_due()):
            ...     self.save()
        """
        if not self.shared:
            return wanted
        carried = bool(np.asarray(self._counted)[NAMES.index(name)] > 0)
        self._own[name] = wanted and not carried
        return carried

    def ballot(self) -> np.ndarray:
        """This worker's votes in the order of `NAMES`, (4,) float32."""
        return np.array([self._own[name] for name in NAMES], np.float32)

    def count(self, ballots: Sequence[float]) -> None:
        """Takes the sum of all workers' ballots; a tensor that is yet to come is not waited for."""
        self._counted = ballots


_votes: weakref.WeakKeyDictionary[keras.Model, Votes] = weakref.WeakKeyDictionary()


def of(model: keras.Model) -> Votes:
    """The votes that travel with a model's steps."""
    return _votes.setdefault(model, Votes())


def share(model: keras.Model) -> Votes:
    """Lets a model's votes be those of several workers."""
    _votes[model] = Votes(shared=True)
    return _votes[model]
