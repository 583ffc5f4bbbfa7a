"""`dlkit doctor`: what is installed, what is wrong with it, and what to do about it."""

import argparse
import platform
import shlex
import sys
from collections.abc import Iterator
from importlib import metadata

from dlkit import registry
from dlkit.cli import output, probe
from dlkit.registry import errors, spec

NAME = "doctor"
HELP = "find out what is wrong with the installation or a plugin"

_PACKAGES = ("dlkit-core", "tensorflow", "keras", "numpy")
_LONGEST = 1_000_000  # seconds, far below what a clock of the system would overflow at
_HEALTHY = ("ok", "disabled")  # a plugin that DLKIT_PLUGINS leaves out is left out on purpose


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("name", nargs="?", metavar="PLUGIN", help="only this plugin")
    parser.add_argument(
        "--deep", action="store_true", help="import each plugin, in a process of its own"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=120.0,
        metavar="S",
        help="with --deep, seconds until an import counts as hanging (default: 120)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Prints the state of things; 1 if a package is missing or a plugin is not well."""
    plugins = [_named(args.name)] if args.name else list(registry.plugins())
    rows = [_row(plugin) for plugin in plugins]
    if args.deep:
        _look_deeper(plugins, rows, args.timeout)
    packages = {name: _version(name) for name in _PACKAGES}
    missing = [name for name, version in packages.items() if version is None]
    healthy = not missing and all(row["state"] in _HEALTHY for row in rows)
    if args.json:
        python = {"version": platform.python_version(), "executable": sys.executable}
        output.as_json(
            {"healthy": healthy, "python": python, "packages": packages, "plugins": rows}
        )
    else:
        print("\n".join(_page(packages, rows)))
    return 0 if healthy else 1


def _seconds(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not 0 < number < _LONGEST:
        expected = f"expected more than 0 seconds and less than {_LONGEST:,}"
        raise argparse.ArgumentTypeError(f"{expected}, got {word!r}")
    return number


def _named(name: str) -> registry.Plugin:
    index = registry.index()
    plugin = index.plugin(name) or next((p for p in index.plugins if p.name == name), None)
    if plugin is not None:
        return plugin
    if name in spec.FIRST_PARTY:
        raise registry.DlkitError(f"{name} is not installed.", f"Install it: pip install {name}")
    near = errors.suggestion(name, [plugin.distribution for plugin in index.plugins])
    raise registry.DlkitError(
        f"no plugin {name!r} is installed.{near}", "See those that are: dlkit plugins"
    )


def _row(plugin: registry.Plugin) -> dict:
    kept = ("name", "distribution", "version", "state", "problem", "notes", "manifest", "modules")
    fields = plugin.as_dict()
    return {key: fields[key] for key in kept} | {"where": "", "seconds": None}


def _look_deeper(plugins: list[registry.Plugin], rows: list[dict], timeout: float) -> None:
    """Imports the plugins that seem well; what is found takes the place of their state."""
    for i, (plugin, row) in enumerate(zip(plugins, rows, strict=True), start=1):
        if plugin.state != "ok":
            continue
        counter = f"[{i}/{len(plugins)}]"
        print(f"{counter} importing {plugin.distribution} …", file=sys.stderr, flush=True)
        finding = probe.examine(plugin, timeout)
        row["state"], row["problem"] = finding.state, finding.problem
        row["where"], row["seconds"] = finding.where, finding.seconds


def _page(packages: dict[str, str | None], rows: list[dict]) -> Iterator[str]:
    versions = [("python", platform.python_version(), sys.executable)]
    versions += [(name, version or "not installed", "") for name, version in packages.items()]
    yield output.table(("package", "version", "where"), versions)
    yield ""
    yield output.table(("plugin", "version", "state", "import"), map(_cells, rows))
    ill = [row for row in rows if row["state"] not in _HEALTHY]
    for row in ill:
        yield ""
        yield from _advice(row)
    missing = [name for name, version in packages.items() if version is None]
    yield ""
    if missing:
        yield f"Missing: {', '.join(missing)}.\n  Install it: pip install {' '.join(missing)}"
    if ill:
        yield f"{output.counted(len(ill), 'plugin')} of {len(rows)} not well."
    elif not missing:
        yield "All is well."


def _cells(row: dict) -> tuple[str, ...]:
    took = "" if row["seconds"] is None else f"{row['seconds']:.1f} s"
    return row["distribution"], row["version"], row["state"], took


def _advice(row: dict) -> Iterator[str]:
    name = row["distribution"]
    yield f"{name} {row['version']}: {row['state']}"
    yield f"  {output.printable(row['problem'])}"
    if row["where"]:
        yield f"  at {row['where']}"
    if row["state"] == "invalid":
        yield f"  Check it: dlkit plugin check {name}"
    elif row["state"] == "incompatible":
        yield f"  {errors.PluginIncompatible(name, row['problem'], name).fix}"
    else:
        imports = ", ".join(row["modules"])
        python = shlex.quote(sys.executable)
        yield f'  See all of it: {python} -X faulthandler -c "import {imports}"'


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
