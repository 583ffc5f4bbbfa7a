"""The result of a run, big, and beside it what it is to be compared with."""

import math

from dlkit.plots import labels
from dlkit.train.report import page, phrases
from dlkit.train.report.collect import RunFiles


def html(run: RunFiles) -> str:
    """Returns the metric the run is judged by, the baseline, the time and the parameters."""
    name, score = phrases.headline_metric(run)
    best = run.state.get("best") or {}
    if run.evaluation:
        size, split = run.evaluation.get("size"), run.evaluation.get("split", "test")
        said = f"{split} {labels.metric(name).lower()}"
        about = _rightly(name, score, size, split)
    else:
        name, score = str(best.get("monitor", "")), phrases.number(best.get("value"))
        said = f"best validation {labels.metric(name).lower()}" if name else "not evaluated yet"
        about = "The test split is yet to be seen."
    shown = labels.value(name, score) if math.isfinite(score) else "–"
    hero = (
        f'<p class="hero"><strong>{page.escape(shown)}</strong> '
        f'<span class="said">{page.escape(said)}</span> '
        f'<span class="about">{page.escape(about)}</span></p>\n'
    )
    return f'<div class="result">{hero}{page.facts(_compared(run, name, score), "tally")}</div>\n'


def _rightly(name: str, score: float, size: object, split: object) -> str:
    if not isinstance(size, int) or not math.isfinite(score):
        return ""
    if name == "accuracy":
        return f"{round(score * size):,} of {size:,} {split} examples right."
    return f"On {size:,} {split} examples."


def _compared(run: RunFiles, name: str, score: float) -> list[tuple[str, ...]]:
    """Returns what stands beside the result: baseline, best validation, time, parameters."""
    pairs = []
    baseline = (run.evaluation or {}).get("baseline") or {}
    if isinstance(baseline.get(name), int | float):
        shown = labels.value(name, baseline[name])
        pairs.append((f"Baseline: {baseline.get('name', 'unnamed')}", shown,
                      _gap(name, score, baseline[name])))  # fmt: skip
    best = run.state.get("best") or {}
    if run.evaluation and best.get("monitor"):
        value = phrases.number(best.get("value"))
        title = f"Best validation {labels.metric(str(best['monitor'])).lower()}"
        epoch = phrases.best_epoch(run)
        note = f"epoch {epoch}" if epoch is not None else ""
        pairs.append((title, labels.value(str(best["monitor"]), value), note))
    done = phrases.epochs_done(run)
    spent = phrases.duration(phrases.seconds(run))
    pairs.append(("Training time", spent, f"{done} epoch{'' if done == 1 else 's'}"))
    params = (run.env.get("model") or {}).get("params")
    if isinstance(params, int):
        pairs.append(("Parameters", f"{params:,}", "trainable"))
    return pairs


def _gap(name: str, score: float, baseline: float) -> str:
    """Says how far the model is from the baseline, in percentage points."""
    if not labels.is_share(name) or not math.isfinite(score):
        return ""
    points = round(100 * (score - baseline), 1)
    if not points:
        return "the model is level with it"
    return f"the model is {abs(points):.1f} points {'above' if points > 0 else 'below'} it"
