"""Packages that dlkit does without until something is asked of it that needs them."""

from collections.abc import Sequence

from dlkit.registry import discovery
from dlkit.registry.errors import DlkitError


class MissingExtra(DlkitError, ImportError):
    """What was asked for needs a package that is not installed."""


def need(wanted: str, modules: Sequence[str], requirement: str) -> None:
    """Looks for modules without importing them.

    Args:
        wanted: what needs them, the beginning of a sentence: `an export to ONNX`.
        modules: the top-level modules.
        requirement: what pip installs them by: `dlkit-core[onnx]`.

    Raises:
        MissingExtra: one is not there; the text tells which, and the command that installs it.
    """
    missing = [name for name in modules if discovery.find_module(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise MissingExtra(
            f"{wanted} needs {' and '.join(modules)}; {' and '.join(missing)} {verb} not "
            "installed.",
            f'Install it: pip install "{requirement}"',
        )
