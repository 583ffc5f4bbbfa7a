"""A name as typed -> the spec it means, or the reason why it means none.

`lenet5` is dlkit's own, whatever else is installed; `acme-nets/net` is acme-nets'; `@tag` asks
for published weights; of `tfds:beans`, what follows the colon is for the builder. The checks run
from the outside in: namespace, then name, then weights.
"""

import fnmatch
import os
import re
from typing import Any

from dlkit.registry import catalog, discovery, errors, spec


def parse(name: str) -> tuple[str, str, str]:
    """Splits `namespace/name@weights` into its three parts; a missing part is empty."""
    name, _, tag = name.partition("@")
    namespace, _, bare = name.rpartition("/")
    return discovery.canonical(namespace), bare, tag


def find(kind: str, name: str) -> spec.Spec:
    """The spec that a name means, whatever weights it asks for.

    Raises:
        WrongType: the kind or the name is no string.
        UnknownKind: no manifest may have such a table.
        UnknownName: nothing of that kind has the name; near names are offered.
        AmbiguousName: a bare name that only third parties own.
        PluginNotInstalled, PluginBroken, PluginIncompatible, PluginDisabled: the namespace's
            plugin is not there, or not healthy.
        RemovedName: its plugin once had it.
    """
    _check_kind(kind)
    _check(errors.label(kind), name, "a registered name", (str,), kind)
    name = name.partition("@")[0]
    namespace, bare, _ = parse(name.partition(":")[0])
    rest = name.partition(":")[2]
    found = catalog.index()
    if namespace not in ("", spec.LOCAL):
        require(found, namespace, repr(name))
    owners = [
        entry
        for entry in found.specs(kind)
        if bare in (entry.name, *entry.aliases)
        and namespace in ("", entry.namespace)
        and (entry.argument or ":" not in name)
    ]
    for entry in owners:
        if namespace or entry.namespace in spec.FIRST_PARTY:
            return entry.named(rest)
    if owners:
        raise errors.AmbiguousName(kind, bare, [entry.full_name for entry in owners])
    for gone in found.removed:
        if (gone.kind, gone.name) == (kind, bare):
            raise errors.RemovedName(kind, bare, gone.since, gone.use)
    raise _unknown(found, kind, name, bare)


def published(name: str) -> spec.Weights | None:
    """The row of the weights that `name@tag` asks for; None without a tag.

    Raises:
        UnknownWeights: the model has none of that tag.
    """
    entry, (_, at, tag) = find("model", name), name.partition("@")
    if not at:
        return None
    row = entry.published(tag)
    if row is None:
        raise errors.UnknownWeights(entry.display_name, tag, entry.pretrained)
    return row


def weights_tag(name: str, weights: str | os.PathLike | None) -> str | os.PathLike | None:
    """The weights that `name@tag` and `weights=` ask for together.

    Raises:
        WrongType: `weights` is neither a tag nor a path.
        WeightsConflict: they ask for different ones.
    """
    tag_or_path = "a tag, a file's path or None"
    _check("weights", weights, tag_or_path, (str, os.PathLike, type(None)), "model")
    bare, at, tag = name.partition("@")
    if at and weights not in (None, tag):
        raise errors.WeightsConflict(bare, tag, weights)
    return tag if at else weights


def list_specs(
    kind: str,
    pattern: str = "*",
    *,
    task: str | None = None,
    plugin: str | None = None,
    tag: str | None = None,
    pretrained: bool | str | None = None,
    deprecated: bool = False,
) -> list[spec.Spec]:
    """The specs of a kind that pass every filter, in the order a reader expects.

    Args:
        kind: a table of the manifest, such as `model`.
        pattern: a shell pattern on the name; with a `/` in it, on the full name.
        task: only that task's.
        plugin: only that distribution's.
        tag: only those that carry the tag.
        pretrained: True: with published weights; False: without; a string: with that tag.
        deprecated: also what should no longer be used.

    Raises:
        WrongType: the kind, the pattern or a filter is no string.
        UnknownKind: no manifest may have such a table.
    """
    _check_kind(kind)
    _check("pattern", pattern, "a name with * and ? for what may vary", (str,), kind)
    for filtered, value in (("task", task), ("plugin", plugin), ("tag", tag)):
        _check(filtered, value, f"the name of a {filtered} or None", (str, type(None)), kind)
    _check("pretrained", pretrained, "True, False, a tag or None", (bool, str, type(None)), kind)
    wanted_plugin = discovery.canonical(plugin) if plugin else None
    chosen = [
        entry
        for entry in catalog.index().specs(kind)
        if _matches(entry, pattern)
        and task in (None, getattr(entry, "task", None))
        and wanted_plugin in (None, entry.namespace)
        and (tag is None or tag in entry.tags)
        and _has_weights(entry, pretrained)
        and (deprecated or not entry.deprecated)
    ]
    return sorted(chosen, key=lambda e: ("/" in e.display_name, natural(e.display_name)))


def natural(name: str) -> list:
    """A sort key by which resnet20 comes before resnet110."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def require(found: catalog.Index, namespace: str, wanted: str) -> spec.Plugin:
    """The healthy plugin of a namespace; `wanted` is what the error says was asked for."""
    plugin = found.plugin(namespace)
    if plugin is None:
        raise errors.PluginNotInstalled(wanted, namespace)
    named = f"{plugin.distribution} {plugin.version}"
    if plugin.state == "disabled":
        raise errors.PluginDisabled(wanted, namespace)
    if plugin.state == "incompatible":
        raise errors.PluginIncompatible(named, plugin.problem, plugin.distribution)
    if plugin.state == "invalid":
        raise errors.PluginBroken(wanted, named, plugin.problem, plugin.distribution)
    return plugin


def _check_kind(kind: Any) -> None:
    if not isinstance(kind, str):
        expected = f"one of {', '.join(spec.KINDS)}"
        raise errors.WrongType("kind", expected, kind, "See one: dlkit show --kind model")
    if kind not in spec.KINDS:
        raise errors.UnknownKind(kind, spec.KINDS)


def _check(argument: str, value: Any, expected: str, types: tuple[type, ...], kind: str) -> None:
    if not isinstance(value, types):
        fix = f"See the names: {errors.listing(kind)}"
        raise errors.WrongType(argument, expected, value, fix)


def _matches(entry: spec.Spec, pattern: str) -> bool:
    names = (entry.full_name, entry.display_name) if "/" in pattern else (entry.name,)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


def _has_weights(entry: spec.Spec, pretrained: bool | str | None) -> bool:
    tags = getattr(entry, "pretrained", ())
    if isinstance(pretrained, str):
        return pretrained in tags
    return pretrained is None or bool(tags) is pretrained


def _unknown(found: catalog.Index, kind: str, name: str, bare: str) -> errors.UnknownName:
    known = [entry.display_name for entry in found.specs(kind)]
    by_bare = {entry.name: entry.display_name for entry in found.specs(kind)}
    near = errors.nearest(name, known) or by_bare.get(errors.nearest(bare, by_bare) or "")
    return errors.UnknownName(kind, name, near, len(known))
