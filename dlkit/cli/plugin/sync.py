"""`dlkit plugin sync NAME`: builds its models and writes what they have into its manifest."""

import argparse
import importlib.metadata
import json
import pathlib
import shlex

from dlkit.cli import output
from dlkit.registry import errors

NAME = "sync"
HELP = "write the built models' sizes into the manifest"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("plugin", metavar="NAME", help="an installed distribution, or its folder")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on differences")
    parser.add_argument("--json", action="store_true", help="one JSON value")


def run(args: argparse.Namespace) -> int:
    """Prints every difference between manifest and code, and writes the code's."""
    from dlkit import registry
    from dlkit.registry import resolve

    plugin = resolve.require(
        registry.index(), _distribution(args.plugin), f"plugin {args.plugin!r}"
    )
    path = pathlib.Path(plugin.manifest)
    if not args.check:
        _refuse_installed_copy(plugin.distribution, path)
    document = _document(path)
    rows = list(_differences(plugin, document, keep=args.check))
    if args.json:
        output.as_json(rows)
    else:
        for row in rows:
            print(f"{row['name']}: {row['key']} is {row['found']}, the manifest says {row['said']}")
    if rows and not args.check:
        _write(path, document, plugin.distribution)
    if not args.json:
        done = "nothing was written" if args.check else "written"
        found = f"{output.counted(len(rows), 'difference')}; {done}" if rows else "up to date"
        print(f"{path}: {found}.")
    return 1 if rows and args.check else 0


def _distribution(name_or_path: str) -> str:
    from dlkit.registry import discovery
    from dlkit.testing import static

    if discovery.is_project_name(name_or_path):
        return name_or_path
    return static.place(name_or_path).distribution


def _differences(plugin, document, keep: bool):
    """Yields what differs; unless `keep`, puts the models' values into the document."""
    from dlkit import registry
    from dlkit.testing import measure

    tables = {table["name"]: table for table in document.get("model", [])}
    for entry in plugin.specs:
        if entry.kind != "model":
            continue
        model = registry.create("model", entry.full_name)
        places = [(tables[entry.name], "", measure.counts(model))]
        if entry.levels:
            written = tables[entry.name]["levels"]
            for key, found in measure.levels(entry, model).items():
                places.append((written[key], f"levels.{key}.", found))
        for table, prefix, found in places:
            for key, value in found.items():
                if table[key] != value:
                    said = int(table[key])
                    yield {"name": entry.name, "key": prefix + key, "said": said, "found": value}
                    if not keep:
                        _replace(table, key, value)


def _replace(table, key: str, value: int) -> None:
    """Puts a number in the place of another, in its manner: `61_706` stays grouped."""
    from tomlkit import items

    old = table[key]
    grouped = "_" in old.as_string() or (value >= 10_000 and int(old) < 1000)
    table[key] = items.Integer(value, old.trivia, f"{value:_}" if grouped else str(value))


def _document(path: pathlib.Path):
    try:
        import tomlkit
    except ImportError:
        raise errors.MissingRequirement("`dlkit plugin sync`", "dlkit-core[testing]") from None
    return tomlkit.parse(path.read_text("utf-8"))


def _write(path: pathlib.Path, document, distribution: str) -> None:
    from dlkit import registry
    from dlkit.train import atomic

    try:
        atomic.write_text(path, document.as_string())
    except OSError as error:
        raise errors.DlkitError(
            f"{path} cannot be written ({error.strerror}); it is as it was.",
            f"Make it writable, then: dlkit plugin sync {distribution}",
        ) from None
    registry.refresh()


def _refuse_installed_copy(distribution: str, path: pathlib.Path) -> None:
    """Only an editable install has its manifest at the source; pip owns every other copy."""
    installed = importlib.metadata.distribution(distribution)
    copies = (pathlib.Path(installed.locate_file(file)) for file in installed.files or ())
    if any(copy.name == path.name and copy.resolve() == path.resolve() for copy in copies):
        raise errors.DlkitError(
            f"{path} is pip's copy of {distribution}; the next install would undo a change there.",
            "Install its source: pip install --no-build-isolation -e "
            + shlex.quote(_source(installed)),
        )


def _source(installed: importlib.metadata.Distribution) -> str:
    """Where pip took the distribution from, if it was a folder that is still there."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    url = urlsplit(json.loads(installed.read_text("direct_url.json") or "{}").get("url", ""))
    folder = pathlib.Path(url2pathname(url.path)) if url.scheme == "file" else None
    return str(folder) if folder and folder.is_dir() else "FOLDER"
