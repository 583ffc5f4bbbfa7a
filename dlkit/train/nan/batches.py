"""Where a replay gets the batches of past steps from."""

import collections
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from dlkit.train.nan import numbers


class Stream(Protocol):
    """Data that can be sought, as `dlkit.train.stream.Stream` can."""

    def dataset(self, start_step: int = 0, epochs: int = 1) -> Any:
        """The batches of steps start_step … to the end of so many epochs."""


class Sought:
    """Batches of a stream: drawn again, so that none has to be kept.

    Args:
        stream: what `fit` trains on.
        epochs: epochs of the whole run.
    """

    def __init__(self, stream: Stream, epochs: int):
        self.stream = stream
        self.epochs = epochs

    def since(self, step: int) -> Iterator[Any]:
        """The batches from a step on."""
        return iter(self.stream.dataset(step, self.epochs))

    def rows_of(self, step: int) -> np.ndarray | None:
        """The rows of the data in the batch of a step, where the stream has such a method."""
        rows_of = getattr(self.stream, "rows_of", None)
        return rows_of(step) if rows_of else None

    def knows(self, step: int) -> bool:
        """Whether all batches from a step on are to be had."""
        return True

    def forget(self, step: int) -> None:
        """There is nothing to forget."""


class Kept:
    """Batches of any data: kept as they pass, the newest of them up to a size.

    Args:
        step: the number of the first.
        room: bytes that they may take.
    """

    def __init__(self, step: int, room: float):
        self.room = room
        self._kept: collections.deque[tuple[Any, int]] = collections.deque()
        self._next = step
        self._bytes = 0

    def note(self, batch: Any) -> None:
        """Keeps one more; a tensor is kept by reference, and so costs no copy."""
        size = sum(
            tensor.shape.num_elements() * max(tensor.dtype.size or 0, 1)
            for _, tensor in numbers.named(batch)
        )
        self._kept.append((batch, size))
        self._next += 1
        self._bytes += size
        while self._bytes > self.room and len(self._kept) > 1:
            self._drop()

    def since(self, step: int) -> Iterator[Any]:
        """The batches from a step on, or the newest ones where that step's is gone."""
        skipped = max(0, step - self._first())
        return iter([batch for batch, _ in self._kept][skipped:])

    def rows_of(self, step: int) -> None:
        """Where they came from nobody knows."""

    def knows(self, step: int) -> bool:
        """Whether all batches from a step on are kept."""
        return len(self._kept) > 0 and self._first() <= step

    def forget(self, step: int) -> None:
        """Lets go of those before a step."""
        while self._kept and self._first() < step:
            self._drop()

    def _first(self) -> int:
        return self._next - len(self._kept)

    def _drop(self) -> None:
        self._bytes -= self._kept.popleft()[1]
