"""`dlkit plugin new | check | sync`: for those who write plugins."""

import argparse

from dlkit.cli.plugin import check, new, sync

NAME = "plugin"
HELP = "start a plugin, check it, bring its manifest up to date"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verbs below `plugin`, each with its arguments."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in (new, check, sync):
        below = verbs.add_parser(verb.NAME, help=verb.HELP, allow_abbrev=False)
        verb.configure(below)
        below.set_defaults(plugin_verb=verb.run)


def run(args: argparse.Namespace) -> int:
    """Runs the verb that was asked for."""
    return args.plugin_verb(args)
