"""The sections every report has, whatever the task: each returns (anchor, title, HTML)."""

import statistics
from collections.abc import Mapping

import numpy as np

from dlkit import plots
from dlkit.plots import labels
from dlkit.plots.curves import epochs_of, first_broken, metrics
from dlkit.train.report import page, phrases, time_split
from dlkit.train.report.collect import RunFiles

Block = tuple[str, str, str]

TITLES = {
    "headline": "Headline",
    "run": "What was trained on what",
    "curves": "Curves",
    "evaluation": "Not evaluated yet",
    "throughput": "Throughput",
    "environment": "Environment",
    "config": "Configuration",
    "reproduce": "Reproduce it",
}


def what(run: RunFiles) -> Block:
    """Returns what was trained on what, and how."""
    model, data = run.env.get("model") or {}, run.env.get("data") or {}
    splits = data.get("splits") if isinstance(data.get("splits"), Mapping) else {}
    splits = {name: size for name, size in splits.items() if isinstance(size, int)}
    total = sum(splits.values()) or 1
    rows = [["split", "examples", "share"]]
    rows += [[name, f"{size:,}", labels.percent(size / total)] for name, size in splits.items()]
    names = [labels.shorten(name, 40) for name in data.get("class_names") or []]
    origin = " ".join(str(model[key]) for key in ("plugin", "version") if model.get(key))
    origin = f" from {origin}" if origin else ""
    params = model.get("params")
    size = f", {params:,} parameters" if isinstance(params, int) else ""
    pairs = [("Model", f"{model.get('name', 'unknown')}{origin}{size}")]
    examples = f", {total:,} examples" if splits else ""
    classes = f" in {len(names)} classes" if names and splits else ""
    pairs += [("Data", f"{data.get('name', 'unknown')}{examples}{classes}")]
    if names:
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        shown = ", ".join(labels.isolate(name) for name in names[:12])
        pairs += [("Classes", f"{shown}{more}")]
    pairs += [("Recipe", phrases.recipe(run.config))]
    pairs += [("Note", note) for note in data.get("notes") or []]
    body = page.facts(pairs) + (page.table(rows, "Examples of each split") if splits else "")
    return _block("run", body, phrases.ending(run))


def curves(run: RunFiles) -> Block:
    """Returns loss, metrics and learning rate, epoch by epoch."""
    best, names = phrases.best_epoch(run), metrics(run.history)
    drawn = [plots.curves(run.history, best, only=[name]) for name in names]
    rate = next((run.history[key] for key in ("learning_rate", "lr") if key in run.history), None)
    if rate is not None:
        drawn.append(plots.learning_rate(rate, epochs_of(run.history)))
    speeds = run.history.get("images_per_second", [])
    if len(_finite(speeds)) > 1:
        drawn.append(plots.series("Examples a second", speeds, epochs_of(run.history)))
    has_val = any(f"val_{name}" in run.history for name in names)
    text = "Blue is validation, grey is training." if has_val else "No validation was logged."
    text += " The dotted line marks the epoch whose weights were kept." if best is not None else ""
    for name in names:
        broken = first_broken(run.history, name)
        if broken is not None:
            text += (
                f"\n{labels.metric(name)} is not finite from epoch {broken:g} on: "
                "try a lower learning rate, and look at the data for values that are none."
            )
    return _block("curves", page.figures(drawn, "curves"), text)


def unevaluated(run: RunFiles) -> list[Block]:
    """Returns a section that says how to evaluate the run, when nobody has yet."""
    if run.evaluation:
        return []
    text = (
        "The test split has not been seen yet. This command evaluates the best weights on it; "
        "the report then shows the result."
    )
    return [_block("evaluation", page.code(run.command("eval"), "Command that evaluates"), text)]


def throughput(run: RunFiles) -> Block:
    """Returns how fast it went, and how much of the time the input took."""
    rows = [["", "median", "fastest", "slowest"]]
    spans = _finite(run.history.get("seconds", []))
    speeds = _finite(run.history.get("images_per_second", []))
    for name, values, fastest in (
        ("seconds an epoch", spans, min),
        ("examples a second", speeds, max),
    ):
        if values:
            slowest = max if fastest is min else min
            three = (statistics.median(values), fastest(values), slowest(values))
            rows.append([name, *(_rounded(value) for value in three)])
    if len(rows) == 1:
        return _block("throughput", "<p>The log holds no times.</p>", "")
    text = "The first epoch also traces and compiles the model." if len(spans) > 1 else ""
    body, split = page.table(rows, "Throughput"), time_split.of(run.history)
    if split:
        drawn = plots.time_split(split.waiting, split.computing)
        body = page.figures(drawn, "throughput") + body
        text = f"{split.sentence()}\n{text}"
    return _block("throughput", body, text)


def environment(run: RunFiles) -> Block:
    """Returns the versions and the machine."""
    env, data = run.env, run.env.get("data") or {}
    threads = env.get("threads") or {}
    pairs = [(name, env[key]) for name, key in _VERSIONS if env.get(key)]
    pairs += [(name, version) for name, version in (env.get("plugins") or {}).items()]
    pairs += [("Platform", env["platform"])] if env.get("platform") else []
    devices = env.get("devices") or []
    pairs += [("Devices", ", ".join(map(str, devices)))] if isinstance(devices, list) else []
    pairs += [("Processors", env["cpu_count"])] if env.get("cpu_count") else []
    if threads:
        told = (f"{name} {count or 'automatic'}" for name, count in threads.items())
        pairs += [("Threads", ", ".join(told))]
    pairs += [("Git commit", env["git"])] if env.get("git") else []
    pairs += [("Data fingerprint", data["fingerprint"])] if data.get("fingerprint") else []
    text = "With the same versions and threads the same numbers come out, bit for bit, on a CPU."
    return _block("environment", page.facts(pairs), text)


def config(run: RunFiles) -> Block:
    """Returns the whole resolved config, as it stands in the folder."""
    text = "Every setting, defaults included: config.yaml of the run folder."
    return _block("config", page.code(run.config_text.rstrip(), "Config"), text)


def reproduce(run: RunFiles) -> Block:
    """Returns the command that makes this run again."""
    command = run.env.get("command")
    if not command:
        return _block("reproduce", "<p>The command was not recorded.</p>", "")
    body = page.code(str(command), "Command that made the run")
    body += page.code("dlkit train -c config.yaml", "Command that repeats its settings")
    text = (
        "First the command that made this run; then, from inside the run folder, one that repeats "
        "every setting. A click selects the whole line."
    )
    return _block("reproduce", body, text)


_VERSIONS = (
    ("dlkit", "dlkit"),
    ("Python", "python"),
    ("Keras", "keras"),
    ("TensorFlow", "tensorflow"),
    ("NumPy", "numpy"),
)


def _block(anchor: str, body: str, text: str) -> Block:
    return anchor, TITLES[anchor], page.section(anchor, TITLES[anchor], body, text)


def _finite(values) -> list[float]:
    return [float(value) for value in values if np.isfinite(value)]


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
