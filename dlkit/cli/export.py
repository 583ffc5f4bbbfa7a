"""`dlkit export RUN`: a run's best model as a file for elsewhere, held against the model."""

import argparse
import pathlib
import sys
from collections.abc import Iterable

NAME = "export"
HELP = "write a run's best model for use elsewhere, and check it"

_IMAGES = 16  # real ones that each export is run on


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    from dlkit.train.formats import FORMATS

    parser.add_argument("run_folder", metavar="RUN", help="a run's folder")
    parser.add_argument(
        "--format",
        nargs="+",
        action="extend",
        choices=tuple(FORMATS),
        metavar="F",
        help=f"one or more of {', '.join(FORMATS)} (default: as PATH ends, else keras; to load a "
        "keras file takes dlkit and the model's plugin, the others stand alone)",
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="the file to write, or the folder of several formats (default: RUN/export, with a "
        "model card)",
    )


def run(args: argparse.Namespace) -> int:
    """Prints a line a format: where it is, how large, and how exact."""
    from dlkit.train import export, model_card
    from dlkit.train.run import Run

    names = dict.fromkeys(args.format or [_format_of(args.out)])
    _check_suffix(args.out, names)
    chosen = [export.find(name) for name in names]
    session = Run(args.run_folder)
    paths = _paths(chosen, args.out, session.folder)
    model, images = session.best_model(), _images(session.source)
    done = {}
    for row in chosen:
        try:
            exported = export.export(model, paths[row.name], row.name, images)
        except export.ExportError as error:
            print(error, file=sys.stderr)
            continue
        done[row.name] = exported.path
        print(_sentence(exported))
        if row.name == "keras":
            print(f"  To load it takes dlkit{_plugin(session)}; the other formats stand alone.")
    if done and not (args.out and len(chosen) == 1):
        card = next(iter(done.values())).parent / model_card.NAME
        print(f"model card: {model_card.write(session.folder, card)}")
    return 0 if len(done) == len(chosen) else 1


def _format_of(out: str | None) -> str:
    """The format that a file's name asks for."""
    from dlkit.registry.errors import UsageError

    suffixes = _suffixes()
    suffix = pathlib.PurePath(out or "").suffix.lower()
    if suffix and suffix not in suffixes:
        raise UsageError(
            f"--out {out}: no format's name ends in {suffix!r}.",
            f"End it in {', '.join(suffixes)}, or say one: --format saved-model",
        )
    return suffixes.get(suffix, "keras")


def _check_suffix(out: str | None, names: Iterable[str]) -> None:
    """Refuses a file's name that says another format than the one that is asked for."""
    from dlkit.registry.errors import UsageError
    from dlkit.train.formats import FORMATS

    names = list(names)
    suffix = pathlib.PurePath(out or "").suffix.lower()
    own = pathlib.PurePath(FORMATS[names[0]].file).suffix
    if len(names) > 1 and suffix in _suffixes():
        raise UsageError(f"--out {out}: is a folder, for several formats.", "As in: --out export")
    if len(names) == 1 and suffix != own and (suffix in _suffixes() or (suffix and own)):
        raise UsageError(
            f"--out {out}: is no name for the format {names[0]}.",
            f"As in: --out {pathlib.PurePath(out).with_suffix(own)}",
        )


def _suffixes() -> dict[str, str]:
    """The suffix of each format that is a file -> its name."""
    from dlkit.train.formats import FORMATS

    rows = [row for row in FORMATS.values() if not row.is_folder]
    return {pathlib.PurePath(row.file).suffix: row.name for row in rows}


def _plugin(session) -> str:
    """` and the plugin acme-nets`; nothing for a model that is no plugin's."""
    from dlkit import registry

    plugin = registry.model_info(session.recipe.model).namespace
    known = {each.distribution for each in registry.plugins()}
    return f" and the plugin {plugin}" if plugin in known else ""


def _paths(chosen: list, out: str | None, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Where each format goes."""
    if out and len(chosen) == 1:
        return {chosen[0].name: pathlib.Path(out)}
    base = pathlib.Path(out) if out else folder / "export"
    return {row.name: base / row.file for row in chosen}


def _images(source):
    """Real inputs, held out from training as far as there are enough of them."""
    import numpy as np

    rows = np.concatenate([source.rows("val"), source.rows("train")])[:_IMAGES]
    return np.asarray(source.fetch(rows)[0])


def _sentence(exported) -> str:
    """`onnx: runs/a/export/model.onnx, 0.2 MB; differs from the model by at most 5.9e-08 …`."""
    files = [exported.path, *exported.path.rglob("*")]
    size = sum(file.stat().st_size for file in files if file.is_file())
    text = (
        f"{exported.format}: {exported.path}, {size / 1e6:.1f} MB; differs from the model by at "
        f"most {exported.difference:.2g} on {exported.checked} real images"
    )
    if exported.rounding:
        text += f" (computes in float32; mixed precision itself rounds by {exported.rounding:.2g})"
    return text
