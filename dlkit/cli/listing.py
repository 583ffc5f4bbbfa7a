"""What `dlkit models` and `dlkit datasets` share: the filters, and what to say of no result."""

import argparse
from collections.abc import Callable, Sequence

from dlkit import registry
from dlkit.cli import output
from dlkit.registry import errors


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose from a listing."""
    parser.add_argument(
        "pattern",
        nargs="?",
        default="*",
        metavar="PATTERN",
        help="only names like this, with * and ? for what may vary: 'resnet*'",
    )
    parser.add_argument("--task", metavar="T", help="only those for this task")
    parser.add_argument("--plugin", metavar="P", help="only those of this plugin (distribution)")
    parser.add_argument("--tag", metavar="T", help="only those that carry this tag")
    parser.add_argument("--all", action="store_true", help="also what is deprecated")
    parser.add_argument("--json", action="store_true", help="print one JSON list")


def run(
    kind: str,
    args: argparse.Namespace,
    headings: Sequence[str],
    row: Callable[[registry.Spec], Sequence[str]],
) -> int:
    """Lists a kind's specs, one line each.

    Args:
        kind: `model` or `dataset`.
        args: what `configure` read.
        headings: the columns' headings.
        row: a spec's cells.

    Raises:
        DlkitError: a pattern or filter was given and nothing passes it.
    """
    chosen = {"task": args.task, "plugin": args.plugin, "tag": args.tag}
    pretrained = getattr(args, "pretrained", False) or None
    specs = registry.list_specs(
        kind, args.pattern, **chosen, pretrained=pretrained, deprecated=args.all
    )
    if args.json:
        output.as_json([entry.as_dict() for entry in specs])
    elif specs:
        print(output.table(headings, map(row, specs)))
    output.remark(registry.note())
    if not specs:
        if args.pattern != "*" or any(chosen.values()) or pretrained:
            raise _nothing(kind, args.pattern, chosen, pretrained)
        output.remark(f"There are no {kind}s.\n  Install some: pip install dlkit-vision")
    return 0


def summary(entry: registry.Spec) -> str:
    """A spec's summary, with a warning before it where it is deprecated."""
    return f"(deprecated) {entry.summary}" if entry.deprecated else entry.summary


def _nothing(
    kind: str, pattern: str, chosen: dict[str, str | None], pretrained: bool | None
) -> registry.DlkitError:
    everything = registry.list_specs(kind, deprecated=True)
    known = {
        "task": {getattr(entry, "task", "") for entry in everything},
        "plugin": {plugin.distribution for plugin in registry.plugins()},
        "tag": {tag for entry in everything for tag in entry.tags},
    }
    hint = "".join(
        errors.suggestion(word, known[option])
        for option, word in chosen.items()
        if word and word not in known[option]
    )
    hint = hint or _near_pattern(kind, pattern, everything)
    words = [f"--{option} {word}" for option, word in chosen.items() if word]
    words += ["--pretrained"] if pretrained else []
    words = [repr(pattern), *words] if pattern != "*" else words
    return registry.DlkitError(
        f"no {errors.label(kind)} matches {' '.join(words)}.{hint}",
        f"See all {len(everything)}: {errors.VERBS[kind]} --all",
    )


def _near_pattern(kind: str, pattern: str, everything: Sequence[registry.Spec]) -> str:
    if registry.list_specs(kind, pattern, deprecated=True):
        return ""  # the pattern is right, and a filter leaves its names out
    core = pattern.strip("*")
    if any(core in entry.name for entry in everything):
        return f" Did you mean {f'*{core}*'!r}?"
    typed = {entry.name: entry.display_name for entry in everything}
    near = errors.nearest(core, typed.values()) or typed.get(errors.nearest(core, typed) or "")
    return f" Did you mean {near!r}?" if near else ""
