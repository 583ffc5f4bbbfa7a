"""`dlkit plugins`: every installed plugin, broken ones included; runs none of their code."""

import argparse
from collections import Counter

from dlkit import registry
from dlkit.cli import output
from dlkit.registry import errors

NAME = "plugins"
HELP = "list the installed plugins: version, state, what each brings"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON list")


def run(args: argparse.Namespace) -> int:
    """Prints the plugins; 0 also beside broken ones, which `dlkit doctor` judges."""
    plugins = registry.plugins()
    if args.json:
        output.as_json([plugin.as_dict() for plugin in plugins])
        return 0
    print(output.table(("plugin", "version", "state", "brings"), map(_row, plugins)))
    if registry.index().problems():
        output.remark("What to do about it: dlkit doctor")
    return 0


def _row(plugin: registry.Plugin) -> tuple[str, ...]:
    words = [plugin.problem] if plugin.problem else [_brings(plugin)]
    notes = [f"({note})" for note in plugin.notes]
    return plugin.distribution, plugin.version, plugin.state, " ".join((*words, *notes))


def _brings(plugin: registry.Plugin) -> str:
    counts = Counter(entry.kind for entry in plugin.specs)
    return ", ".join(output.counted(n, errors.label(kind)) for kind, n in counts.items())
