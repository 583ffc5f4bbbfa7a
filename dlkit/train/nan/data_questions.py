"""Questions about the batch: what is no number, labels of no class, numbers unlike all others."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data import names
from dlkit.train.nan import losses, numbers, rows, watch
from dlkit.train.nan.cause import SCALE, TARGET, Cause
from dlkit.train.nan.moment import PARTS, Moment, parts

HUGE = 1e6  # no sensible input or target is larger
SPIKE = 1e3  # times as large as in other rows or batches


def bad_values(moment: Moment, seen: watch.Watched) -> Cause | None:
    """NaN or infinity in the input, the targets or the sample weights."""
    bad = {}
    for path, leaf in _floats(moment.batch):
        found = rows.of(leaf, numbers.bad_rows(numbers.dense(leaf)))
        if len(found):
            bad[path] = (leaf, found)
    guilty = [path for path, place in bad.items() if _are_to_blame(moment, seen, *place)]
    if not guilty and len(bad) > 1:
        tamed = rows.tamed(moment.batch, *(leaf for leaf, _ in bad.values()))
        guilty = list(bad) if _is_sound_on(moment, seen, tamed) else []
    for path in guilty:
        leaf, found = bad[path]
        values = numbers.odd_ones(numbers.dense(leaf))
        return _cause(path, f"holds {values} in {_rows(moment, found)}")
    return None


def bad_labels(moment: Moment, seen: watch.Watched) -> Cause | None:
    """A class label that the model has no output for."""
    outputs = seen.predictions if seen.predictions is not None else _last_outputs(seen)
    sparse, ignored = losses.are_sparse(moment.model), losses.ignored_classes(moment.model)
    leaves = numbers.leaves(parts(moment.batch)["y"], "y")
    for (path, leaf), output in zip(leaves, numbers.floats(outputs), strict=False):
        labels, classes = numbers.dense(leaf), output.shape[-1]
        if not are_classes(labels, output, sparse):
            continue
        values = np.asarray(labels).reshape(len(labels), -1)
        outside = ((values < 0) | (values >= classes)) & ~np.isin(values, ignored)
        found = rows.of(leaf, np.flatnonzero(outside.any(axis=1)))
        if len(found) and (sparse or _are_to_blame(moment, seen, leaf, found)):
            told = f"is {values[outside][0]:g} in {_rows(moment, found)}; the model's {classes} "
            return Cause("label", path, f"{told}outputs are for labels 0 … {classes - 1}")
    return None


def huge_values(moment: Moment, seen: watch.Watched) -> Cause | None:
    """Numbers in the batch, or in one shortly before, that are too large and do the harm."""
    for path, leaf in _floats(moment.batch):
        cause = (
            _outlier(moment, seen, path, leaf)
            or _spike(moment, path)
            or _too_large(moment, path, leaf)
        )
        if cause is not None:
            return cause
    return None


def _outlier(moment: Moment, seen: watch.Watched, path: str, leaf: Any) -> Cause | None:
    """Rows that are far larger than the others of the batch."""
    sizes = numbers.row_sizes(numbers.dense(leaf))
    found = _large(leaf, max(HUGE, SPIKE * float(np.median(sizes))))
    if not len(found) or not _are_to_blame(moment, seen, leaf, found):
        return None
    return _cause(path, f"is as large as {sizes.max():.3g} in {_rows(moment, found)}")


def _spike(moment: Moment, path: str) -> Cause | None:
    """Rows that are far larger than those of other steps."""
    sizes = {step.number: step.sizes[path] for step in moment.trace if path in step.sizes}
    if len(sizes) < 2:
        return None
    usual = float(np.median(sorted(sizes.values())[:-1]))
    limit, largest = max(HUGE, SPIKE * usual), max(sizes, key=sizes.get)

    def calmed(number: int, batch: Any) -> Any:
        if sizes.get(number, 0.0) <= limit:
            return batch
        leaf = _leaf(batch, path)
        return rows.without(batch, leaf, _large(leaf, limit))

    if sizes[largest] <= limit or not moment.sound_when(calmed):
        return None
    found = _large(_leaf(moment.batch_of(largest), path), limit)
    ago = moment.step - largest
    when = f", {numbers.count(ago, 'step')} before" if ago else ""
    told = f"is as large as {sizes[largest]:.3g} in {_rows(moment, found, largest)}{when}"
    return _cause(path, f"{told}; in others it is {usual:.3g}", step=largest)


def _too_large(moment: Moment, path: str, leaf: Any) -> Cause | None:
    """Numbers that are large in all batches, where training is sound with small ones."""

    def tamed(number: int, batch: Any) -> Any:
        return rows.tamed(batch, _leaf(batch, path))

    size = numbers.largest(leaf)
    if size <= HUGE or not moment.sound_when(tamed):
        return None
    return _cause(path, f"is as large as {size:.3g}; scaled down to 1 it does no harm", SCALE)


def _are_to_blame(moment: Moment, seen: watch.Watched, leaf: Any, found: np.ndarray) -> bool:
    """Whether the step is sound without these rows of a part of the batch."""
    return _is_sound_on(moment, seen, rows.without(moment.batch, leaf, found))


def _is_sound_on(moment: Moment, seen: watch.Watched, batch: Any) -> bool:
    """Whether the step is sound on another batch; with its update, where that is what fails."""
    if not seen.sound:
        return watch.step(moment, batch).sound
    return moment.sound_when(lambda number, other: batch if number == moment.step else other)


def are_classes(labels: tf.Tensor, output: tf.Tensor, sparse: bool) -> bool:
    """Whether these may be class numbers, one for each row of scores."""
    shape = [side for side in labels.shape if side != 1]
    fits = output.shape.rank and output.shape[-1] > 1
    fits = fits and shape == [side for side in output.shape[:-1] if side != 1]
    return bool(fits and (labels.dtype.is_integer or sparse))


def _last_outputs(seen: watch.Watched) -> Any:
    return seen.calls[-1].outputs if seen.calls else []


def _floats(batch: Any) -> Iterator[tuple[str, Any]]:
    """The floating-point tensors of a batch that have rows, by path."""
    for name, part in parts(batch).items():
        for path, leaf in numbers.leaves(part, name):
            values = numbers.dense(leaf)
            if values.dtype.is_floating and values.shape.rank:
                yield path, leaf


def _leaf(batch: Any, path: str) -> Any:
    return dict(_floats(batch))[path]


def _large(leaf: Any, limit: float) -> np.ndarray:
    return rows.of(leaf, np.flatnonzero(numbers.row_sizes(numbers.dense(leaf)) > limit))


def _cause(path: str, what: str, fix: str = "", step: int | None = None) -> Cause:
    """Of a part of the batch; what mends a target is another thing than what mends a class."""
    name = path.partition("/")[0]
    return Cause(PARTS[name], path, what, fix or (TARGET if name == "y" else ""), step)


def _rows(moment: Moment, found: Sequence[int], step: int | None = None) -> str:
    """`row 3 of the batch (row 1042 of the data)`, where a stream knows them."""
    plural = "s" if len(found) > 1 else ""
    told = f"row{plural} {names.listed([int(row) for row in found])} of the batch"
    of_data = moment.rows_of(moment.step if step is None else step)
    if of_data is None or max(found) >= len(of_data):
        return told
    return f"{told} (row{plural} {names.listed([int(of_data[row]) for row in found])} of the data)"
