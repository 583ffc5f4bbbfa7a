"""The one in-memory picture of what is installed, made on first need and kept until `refresh()`.

Worker processes make their own from the same manifests; only what a notebook registered under
`local/` stays in the process that registered it.
"""

import dataclasses
import functools
import importlib
import os
from collections.abc import Mapping

from dlkit.registry import discovery, errors, local, manifest, spec


@dataclasses.dataclass(frozen=True, slots=True)
class Index:
    """Plugins and, by kind, everything that the healthy ones register."""

    plugins: tuple[spec.Plugin, ...]
    removed: tuple[manifest.Removed, ...]
    by_kind: Mapping[str, tuple[spec.Spec, ...]]

    def specs(self, kind: str) -> tuple[spec.Spec, ...]:
        """Everything of a kind: the plugins' entries, then the notebook's own."""
        return (*self.by_kind.get(kind, ()), *local.specs(kind))

    def problems(self) -> tuple[spec.Plugin, ...]:
        """The plugins that are neither healthy nor left out on purpose."""
        return tuple(p for p in self.plugins if p.state in ("invalid", "incompatible"))

    def plugin(self, distribution: str) -> spec.Plugin | None:
        """The plugin of that distribution, however its name is spelt."""
        wanted = discovery.canonical(distribution)
        return next((p for p in self.plugins if p.distribution == wanted), None)


@functools.cache
def index() -> Index:
    """What is installed now; the same object until `refresh()`.

    Raises:
        PluginBroken: only if DLKIT_STRICT=1 and a plugin is broken; else it is listed as such.
    """
    plugins, removed = discovery.find()
    by_kind = {
        kind: tuple(entry for p in plugins for entry in p.specs if entry.kind == kind)
        for kind in spec.KINDS
    }
    found = Index(plugins, removed, by_kind)
    if os.environ.get("DLKIT_STRICT", "") not in ("", "0"):
        for broken in found.problems():
            named = f"{broken.distribution} {broken.version}"
            wanted = "a plugin (DLKIT_STRICT is set)"
            raise errors.PluginBroken(wanted, named, broken.problem, broken.distribution)
    return found


def refresh() -> None:
    """Looks again at what is installed: a plugin installed in this very session appears."""
    importlib.invalidate_caches()
    index.cache_clear()
    discovery.adopt_editable_installs()
    importlib.invalidate_caches()


def plugins() -> tuple[spec.Plugin, ...]:
    """Every installed plugin, broken ones included with `.state` and `.problem`."""
    return index().plugins


def note() -> str:
    """One line on the plugins that were skipped, and the command that says more; or nothing."""
    broken = index().problems()
    if not broken:
        return ""
    named = ", ".join(f"{p.distribution} {p.version} ({p.problem})" for p in broken)
    plural = "s" if len(broken) > 1 else ""
    return f"note: {len(broken)} plugin{plural} skipped: {named}.\n  Run: dlkit doctor"
