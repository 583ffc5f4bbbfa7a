"""A model card: what a trained model is, how good, and how to run it, in one Markdown page.

After Mitchell et al., "Model cards for model reporting", 2019. All of it comes from the files of
the run's folder; what they do not say is said to be unknown.
"""

import math
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from dlkit.train import atomic, history, limits
from dlkit.train.folders import CONFIG, RunError
from dlkit.train.formats import FORMATS
from dlkit.train.history import Record

NAME = "model_card.md"

_UNKNOWN = "not recorded"
_VERSIONS = ("dlkit", "keras", "tensorflow", "numpy", "python")


def write(folder: str | os.PathLike, path: str | os.PathLike | None = None) -> pathlib.Path:
    """Writes the card of a run, whole or not at all.

    Args:
        folder: the run's.
        path: the file, by default `export/model_card.md` in the run's folder. The exports beside
            it are the ones that it tells how to load.

    Raises:
        RunError: the folder is no run's, or a file in it is damaged.
    """
    path = pathlib.Path(path) if path else pathlib.Path(folder) / "export" / NAME
    page = text(folder, [row.name for row in FORMATS.values() if (path.parent / row.file).exists()])
    path.parent.mkdir(parents=True, exist_ok=True)
    return atomic.write_text(path, page)


def text(folder: str | os.PathLike, formats: Sequence[str] = ("keras",)) -> str:
    """The card of a run.

    Args:
        folder: the run's.
        formats: those to tell how to load.

    Raises:
        RunError: the folder is no run's, or a file in it is damaged.
    """
    record = history.read(folder)
    if record.problem:
        raise RunError(
            f"{record.folder}: {record.problem}.", "A card needs a whole run: dlkit train lenet5"
        )
    recipe = (record.folder / CONFIG).read_text(encoding="utf-8").rstrip()
    sections = {
        "What it is": _what(record),
        "Results": _results(record),
        "How to run it": _examples(formats),
        "Data": _data(record),
        "Limits": "\n".join(f"- {sentence}" for sentence in limits.sentences(record)),
        "Recipe": f"```yaml\n{recipe}\n```",
        "Made with": _made_with(record),
        "Licence": _licence(record),
    }
    body = "\n\n".join(f"## {title}\n\n{content}" for title, content in sections.items())
    return f"{_head(record)}\n\n# {_title(record)}\n\n{body}\n"


def _head(record: Record) -> str:
    """What model hubs read."""
    licence = _model(record).get("license")
    lines = ["library_name: keras"]
    lines += [f"license: {str(licence).lower()}"] if licence else []
    lines += ["tags:", "- dlkit", f"- {_model(record).get('name', record.settings['model'])}"]
    return "\n".join(["---", *lines, "---"])


def _title(record: Record) -> str:
    return f"{record.settings.get('model')} on {record.settings.get('dataset')}"


def _what(record: Record) -> str:
    model = _model(record)
    params = model.get("params")
    size = f"{params:,} trainable parameters" if isinstance(params, int) else _UNKNOWN
    names = list(_of_data(record).get("class_names") or ())
    shape = model.get("input_shape")
    by = " ".join(str(model[key]) for key in ("plugin", "version") if model.get(key))
    rows = [
        ("model", f"`{record.settings.get('model')}` of {by or _UNKNOWN}"),
        ("size", size),
        ("input", f"float32 {_shape(shape)}, pixels in [0, 255]; preprocessing is inside"),
    ]
    if names:
        rows.append(("output", f"float32 (batch, {len(names)}), {_kind(record)} for each class"))
        rows.append(("classes, in this order", ", ".join(map(str, names))))
    if isinstance(model.get("paper"), str):
        rows.append(("paper", model["paper"]))
    return _table(("", ""), rows)


def _results(record: Record) -> str:
    found = record.evaluation
    best = ""
    if record.monitor:
        best = f"Best {record.monitor}: {record.best:.4f}, in epoch {record.best_epoch}."
    if not found:
        return f"Not judged on a test split yet: `dlkit eval RUN`. {best}".rstrip()
    baseline = found.get("baseline") or {}
    rows = [
        (name, f"{history.number(value):.4f}", _figure(baseline.get(name)))
        for name, value in found["metrics"].items()
    ]
    name = baseline.get("name", "baseline")
    told = f"On the {found['size']:,} rows of the {found['split']} split, which training never saw."
    told = told if found["split"] == "test" else f"On the {found['split']} split, not on test."
    return f"{told} {best}\n\n{_table(('metric', 'this model', name), rows)}"


def _examples(formats: Sequence[str]) -> str:
    if not formats:
        return "Export it first: `dlkit export RUN`."
    begin = "`images` is a float32 array as described above, with any number of images."
    blocks = [
        f"{name}:\n\n```python\n{FORMATS[name].example.format(path=FORMATS[name].file)}\n```"
        for name in formats
    ]
    return "\n\n".join([begin, *blocks])


def _data(record: Record) -> str:
    data = _of_data(record)
    splits = data.get("splits") or {}
    rows = [(split, f"{size:,}") for split, size in splits.items()]
    lines = [f"`{data.get('name', record.settings.get('dataset'))}`. {_notes(data)}".rstrip()]
    lines += [_table(("split", "rows"), rows)] if rows else []
    lines += [f"Fingerprint: `{data['fingerprint']}`"] if data.get("fingerprint") else []
    return "\n\n".join(lines)


def _made_with(record: Record) -> str:
    versions = [f"{name} {record.env[name]}" for name in _VERSIONS if record.env.get(name)]
    lines = [", ".join(versions) or _UNKNOWN]
    lines += [f"Seed {record.settings['seed']}."] if "seed" in record.settings else []
    lines += [f"```console\n{record.env['command']}\n```"] if record.env.get("command") else []
    return "\n\n".join(lines)


def _licence(record: Record) -> str:
    model, data = _model(record).get("license"), _of_data(record).get("license")
    rows = [("the model's code", model or _UNKNOWN), ("the data", data or _UNKNOWN)]
    return _table(("of", "licence"), rows)


def _model(record: Record) -> Mapping[str, Any]:
    found = record.env.get("model")
    return found if isinstance(found, Mapping) else {}


def _of_data(record: Record) -> Mapping[str, Any]:
    found = record.env.get("data")
    return found if isinstance(found, Mapping) else {}


def _notes(data: Mapping[str, Any]) -> str:
    return " ".join(str(note).rstrip(".") + "." for note in data.get("notes") or ())


def _kind(record: Record) -> str:
    wanted = record.settings.get("model_options.classifier_activation", "softmax")
    return "a probability" if wanted else "a logit"


def _shape(shape: Any) -> str:
    inner = ", ".join(map(str, shape)) if shape else "height, width, channels"
    return f"(batch, {inner})"


def _figure(value: Any) -> str:
    found = history.number(value)
    return f"{found:.4f}" if math.isfinite(found) else "–"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
