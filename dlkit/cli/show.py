"""`dlkit show NAME`: all that is known of a thing, and where its code is; runs no plugin code."""

import argparse

from dlkit import registry
from dlkit.cli import describe, locate, output
from dlkit.registry import errors, resolve, spec

NAME = "show"
HELP = "tell all about a model, a dataset or anything else by its name"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="as it is listed; without it, a kind's names"
    )
    parser.add_argument(
        "--kind", metavar="K", type=_kind, help=f"look only among these: {', '.join(spec.KINDS)}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list")


def run(args: argparse.Namespace) -> int:
    """Prints what has the name, or with `--kind` alone the names of the kind."""
    if args.kind and args.kind not in spec.KINDS:
        raise errors.UnknownKind(args.kind, spec.KINDS)
    if args.name:
        return _show(_found(args.name, args.kind), args.name.partition("@")[2], args.json)
    if args.kind:
        return _list(args.kind, args.json)
    raise registry.UsageError("show what? Give a name or a kind.", "See the models: dlkit models")


def _kind(word: str) -> str:
    return word.replace("-", "_")


def _show(found: list[registry.Spec], tag: str, as_json: bool) -> int:
    known = [_known(entry, tag) for entry in found]
    if as_json:
        output.as_json([describe.as_dict(one) for one in known])
    else:
        print("\n\n".join(describe.as_text(one) for one in known))
    return 0


def _list(kind: str, as_json: bool) -> int:
    specs = registry.list_specs(kind, deprecated=True)
    if as_json:
        output.as_json([entry.as_dict() for entry in specs])
    elif specs:
        rows = [(entry.display_name, entry.summary) for entry in specs]
        print(output.table(("name", "summary"), rows))
    else:
        output.remark(f"No plugin brings {output.counted(2, errors.label(kind))[2:]}.")
    output.remark(registry.note())
    return 0


def _found(name: str, kind: str | None) -> list[registry.Spec]:
    """Everything of that name, whatever its kind.

    Raises:
        DlkitError: nothing has it; of the kinds' reasons, the one that says most.
    """
    found = []
    reasons: dict[str, registry.DlkitError] = {}
    bare, asked, tag = name.partition("@")
    for one in [kind] if kind else spec.KINDS:
        try:
            found.append(resolve.find(one, bare))
        except registry.DlkitError as error:
            reasons[one] = error
    if not found:
        raise _most_telling(bare, reasons)
    if asked:
        for entry in found:
            known = getattr(entry, "pretrained", ())
            if tag not in known:
                raise errors.UnknownWeights(entry.display_name, tag, known)
    return found


def _most_telling(name: str, reasons: dict[str, registry.DlkitError]) -> registry.DlkitError:
    for reason in reasons.values():
        if not isinstance(reason, errors.UnknownName):
            return reason
    owner = {
        entry.display_name: kind
        for kind in reversed(reasons)  # where several kinds have the name, the first one owns it
        for entry in registry.list_specs(kind, deprecated=True)
    }
    near = errors.nearest(name, owner)
    return reasons[owner[near] if near else next(iter(reasons))]


def _known(entry: registry.Spec, tag: str) -> describe.Known:
    names = (entry.name, *entry.aliases) if entry.namespace in spec.FIRST_PARTY else ()
    names = {*names, *(f"{entry.namespace}/{name}" for name in (entry.name, *entry.aliases))}
    recipes = [
        recipe
        for recipe in registry.list_specs("recipe")
        if getattr(recipe, entry.kind, None) in names  # a recipe has a `model` and a `dataset`
    ]
    plugin = registry.index().plugin(entry.namespace)
    place = locate.builder(entry.build) if entry.build else _table(entry)
    published = entry.published(tag) if isinstance(entry, registry.ModelSpec) else None
    version = plugin.version if plugin else ""
    return describe.Known(entry, version, place, tuple(recipes), published)


def _table(entry: registry.Spec) -> locate.Place:
    """The manifest's file: what has no builder is data, and stands there."""
    return locate.Place(entry.where.rpartition(": ")[0])
