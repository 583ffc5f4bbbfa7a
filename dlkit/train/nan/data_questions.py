"""Questions about the batch: what is no number, labels of no class, numbers unlike all others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data import names
from dlkit.train.nan import numbers, watch
from dlkit.train.nan.cause import Cause
from dlkit.train.nan.moment import PARTS, Moment, Step, parts

HUGE = 1e6  # no sensible input or target is larger
SPIKE = 1e3  # times as large as in other batches


def bad_values(moment: Moment, seen: watch.Watched) -> Cause | None:
    """NaN or infinity in the input, the targets or the sample weights."""
    for name, part in parts(moment.batch).items():
        for path, tensor in numbers.named(part, name):
            rows = numbers.bad_rows(tensor) if tensor.dtype.is_floating else []
            if len(rows) and _is_to_blame(moment, rows):
                found = numbers.odd_ones(tf.gather(tensor, rows))
                told = f"holds {found} in {_rows(moment, rows)}"
                return Cause(PARTS[name], path, told)
    return None


def bad_labels(moment: Moment, seen: watch.Watched) -> Cause | None:
    """A class label that the model has no output for."""
    outputs = seen.predictions if seen.predictions is not None else _last_outputs(seen)
    ignored = getattr(moment.model.loss, "ignore_class", None)
    pairs = zip(numbers.named(parts(moment.batch)["y"], "y"), numbers.floats(outputs), strict=False)
    for (path, labels), output in pairs:
        classes = output.shape[-1]
        if not are_classes(labels, output, moment.model.loss):
            continue
        values = np.asarray(labels).reshape(len(labels), -1)
        outside = ((values < 0) | (values >= classes)) & (values != ignored)
        rows = np.flatnonzero(outside.any(axis=1))
        if len(rows):
            first = values[outside][0]
            told = f"is {first:g} in {_rows(moment, rows)}; the model's {classes} outputs are "
            return Cause("label", path, f"{told}for labels 0 … {classes - 1}")
    return None


def huge_values(moment: Moment, seen: watch.Watched) -> Cause | None:
    """Numbers in the batch, or in one shortly before, that nothing else in the data is like."""
    for name in PARTS:
        for step in moment.trace:
            if step.parts[name] > max(HUGE, SPIKE * _usual(moment, name, step)):
                return _spike(moment, name, step)
    for name, part in parts(moment.batch).items():
        for path, tensor in numbers.named(part, name):
            if not tensor.dtype.is_floating or not tensor.shape.rank:
                continue
            sizes = numbers.row_sizes(tensor)
            rows = np.flatnonzero(sizes > max(HUGE, SPIKE * float(np.median(sizes))))
            rows = rows if len(rows) else np.flatnonzero(sizes > HUGE)
            if len(rows) and _is_to_blame(moment, rows):
                told = f"is as large as {sizes.max():.3g} in {_rows(moment, rows)}"
                return Cause(PARTS[name], path, told)
    return None


def _spike(moment: Moment, name: str, step: Step) -> Cause:
    part = parts(moment.batch_of(step.number))[name]
    path, tensor = max(numbers.named(part, name), key=lambda found: numbers.largest(found[1]))
    sizes = numbers.row_sizes(tensor)
    what = (
        f"is as large as {sizes.max():.3g} in {_rows(moment, [int(sizes.argmax())], step.number)}"
    )
    ago = moment.step - step.number
    when = f", {ago} step{'s' if ago > 1 else ''} before" if ago else ""
    usual = f"in others it is {_usual(moment, name, step):.3g}"
    return Cause(PARTS[name], path, f"{what}{when}; {usual}", step=step.number)


def _usual(moment: Moment, name: str, step: Step) -> float:
    """The largest value of a part in the batches of the other steps, as a median."""
    others = [other.parts[name] for other in moment.trace if other is not step]
    return float(np.median(others)) if others else 0.0


def _is_to_blame(moment: Moment, rows: np.ndarray) -> bool:
    """Whether the step is sound without these rows; where they are all, they are."""
    size = len(next(tensor for _, tensor in numbers.named(moment.batch)))
    return len(rows) == size or watch.step(moment, watch.rows_but(moment.batch, rows)).sound


def are_classes(labels: tf.Tensor, output: tf.Tensor, loss: Any) -> bool:
    """Whether these are class numbers, one for each row of scores."""
    shape = [side for side in labels.shape if side != 1]
    fits = output.shape.rank and output.shape[-1] > 1
    fits = fits and shape == [side for side in output.shape[:-1] if side != 1]
    sparse = "sparse_categorical" in (loss if isinstance(loss, str) else getattr(loss, "name", ""))
    return bool(fits and (labels.dtype.is_integer or sparse))


def _last_outputs(seen: watch.Watched) -> Any:
    return seen.calls[-1].outputs if seen.calls else []


def _rows(moment: Moment, rows: Sequence[int], step: int | None = None) -> str:
    """`row 3 of the batch (row 1042 of the data)`, where a stream knows them."""
    plural = "s" if len(rows) > 1 else ""
    told = f"row{plural} {names.listed([int(row) for row in rows])} of the batch"
    of_data = moment.rows_of(moment.step if step is None else step)
    if of_data is None:
        return told
    return f"{told} (row{plural} {names.listed([int(of_data[row]) for row in rows])} of the data)"
