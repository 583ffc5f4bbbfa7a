"""What was found, as files: `report.json`, `report.txt` and the batch."""

import io
import os
import pathlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.train import atomic, optimizers, strict_json
from dlkit.train.nan import layers, numbers, watch
from dlkit.train.nan.cause import Cause
from dlkit.train.nan.moment import Moment, parts

STEPS, LAYERS = 20, 30  # rows of the text's two tables


def write(
    folder: str | os.PathLike, cause: Cause, moment: Moment, seen: watch.Watched | None
) -> pathlib.Path:
    """Writes the folder, whole or not at all; one that stood there is replaced.

    Args:
        folder: where to.
        cause: what was found.
        moment: the failing step.
        seen: the record of that step.
    """
    facts = _facts(cause, moment, seen)
    batch = moment.batch if cause.step is None else moment.batch_of(cause.step)
    with atomic.folder(folder) as aside:
        (aside / "report.json").write_text(strict_json.dumps(facts), encoding="utf-8")
        (aside / "report.txt").write_text(_text(facts), encoding="utf-8")
        packed = io.BytesIO()
        np.savez_compressed(packed, **_arrays(batch))
        (aside / "batch.npz").write_bytes(packed.getvalue())
    return pathlib.Path(folder)


def _facts(cause: Cause, moment: Moment, seen: watch.Watched | None) -> dict[str, Any]:
    rates = [_said(rate) for rate in _rates(moment, seen)]
    gradients = [(v.path, g) for v, g in (seen.gradients if seen else []) if g is not None]
    return {
        "kind": cause.kind,
        "where": cause.where,
        "what": cause.what,
        "fix": cause.fix,
        "step": moment.step,
        "cause_step": moment.step if cause.step is None else cause.step,
        "exact": moment.exact,
        "learning_rate": rates[0] if len(rates) == 1 else rates or None,
        "steps": [
            {
                "step": s.number,
                "loss": _said(s.loss),
                "largest_weight": _said(s.weights),
                "largest_in_batch": dict(s.sizes),
            }
            for s in moment.trace[-STEPS:]
        ],
        "layers": layers.table(seen) if seen else [],
        "gradients": [
            {"variable": path, "largest": numbers.largest(g), "not_finite": numbers.odd_ones(t)}
            for path, g in gradients
            for t in numbers.floats(g)
        ],
    }


def _rates(moment: Moment, seen: watch.Watched | None) -> list[float]:
    """The learning rates of the optimizers that were given gradients."""
    used = {id(o): o for o in seen.optimizers.values()} if seen else {}
    found = used.values() or filter(None, [moment.model.optimizer])
    return [float(keras.ops.convert_to_numpy(optimizers.inner(o).learning_rate)) for o in found]


def _text(facts: dict[str, Any]) -> str:
    steps = numbers.count(facts["step"], "step")
    lines = [
        f"{facts['where']} {facts['what']}.",
        f"What to do: {facts['fix']}.",
        "",
        f"After {steps}, at a learning rate of {facts['learning_rate']}.",
    ]
    if not facts["exact"]:
        lines.append("It did not fail again in a replay, or its state is that of an earlier step.")
    past = [[s["step"], s["loss"], s["largest_weight"]] for s in facts["steps"]]
    lines += ["", *_table(["step", "loss", "largest weight after it"], past)]
    bad = next((i for i, row in enumerate(facts["layers"]) if row["not_finite"]), None)
    shown = facts["layers"] if bad is None else facts["layers"][: bad + 3]
    rows = [list(row.values()) for row in shown[-LAYERS:]]
    lines += ["", *_table(["layer", "kind", "dtype", "what it gave", "not finite"], rows)]
    return "\n".join(lines) + "\n"


def _table(head: list[str], rows: list[list[Any]]) -> list[str]:
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def _said(value: float) -> float | str:
    """A number, or in words what JSON has no number for."""
    return float(f"{value:.6g}") if np.isfinite(value) else str(value)


def _arrays(batch: Any) -> dict[str, np.ndarray]:
    """The batch's parts by name; text as bytes, so that no Python object is among them."""
    if batch is None:
        return {}
    found = {}
    for name, part in parts(batch).items():
        for path, tensor in numbers.named(part, name):
            value = tensor.numpy() if isinstance(tensor, tf.Tensor) else np.asarray(tensor)
            plain = value.astype("S") if value.dtype == object else value
            found[path.replace("/", ".")] = plain
    return found
