"""Every message of the registry: what failed, why, and the one command or change that mends it.

Each exception carries `.fix`, as `label: command`. The constructors take facts and word them, so
that a message is written once and here.
"""

import shlex
from collections.abc import Iterable

from dlkit.registry.words import VERBS as VERBS
from dlkit.registry.words import label, listing, shown, suggestion
from dlkit.registry.words import nearest as nearest


class DlkitError(Exception):
    """The root of dlkit's errors.

    Args:
        message: what failed and why.
        fix: the one command or change that mends it, `label: command`.
    """

    def __init__(self, message: str, fix: str = ""):
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  {self.fix}" if self.fix else self.message

    def __reduce__(self):
        """Pickles by what it says, so that it survives the way back from a worker process."""
        return _restore, (type(self), self.message, self.fix)


def _restore(cls: type[DlkitError], message: str, fix: str) -> DlkitError:
    error = cls.__new__(cls)
    DlkitError.__init__(error, message, fix)
    return error


class UsageError(DlkitError):
    """The words of a command or the values of a recipe are wrong; exit code 2."""


class WrongType(UsageError, TypeError):
    """An argument is of a type that the call does not take."""

    def __init__(self, argument: str, expected: str, value: object, fix: str):
        super().__init__(f"{argument}: expected {expected}, got {shown(value)}.", fix)


class ManifestError(DlkitError):
    """A manifest says something that it may not; names file, table, key, what was expected."""

    def __init__(self, path: str, where: str, problem: str, distribution: str = ""):
        self.where = where
        self.problem = problem
        place = f"{path}: {where}" if where else str(path)
        fix = f"Check it: dlkit plugin check {shlex.quote(str(distribution or path))}"
        super().__init__(f"{place}: {problem}", fix)


class UnknownKind(UsageError, KeyError):
    """There is no such table in a manifest."""

    def __init__(self, kind: str, known: Iterable[str]):
        known = list(known)
        super().__init__(
            f"no kind {kind!r}.{suggestion(kind, known)} There are: {', '.join(known)}.",
            f"See one: dlkit show --kind {known[0]}",
        )


class UnknownName(DlkitError, KeyError):
    """No such name in this kind, under any namespace."""

    def __init__(self, kind: str, name: str, near: str | None, known: int):
        hint = f" Did you mean {near!r}?" if near else ""
        many = f"all {known}" if known else "what there is"
        super().__init__(
            f"no {label(kind)} {name!r}.{hint}",
            f"See {many}: {listing(kind)}",
        )


class RemovedName(DlkitError, KeyError):
    """The name left its plugin; what to use instead is known."""

    def __init__(self, kind: str, name: str, since: str, use: str):
        super().__init__(
            f"{label(kind)} {name!r} left in {since}; use {use!r}.",
            f"See it: dlkit show {use}",
        )


class AmbiguousName(DlkitError, KeyError):
    """A bare name that only third parties (or the notebook) own."""

    def __init__(self, kind: str, name: str, full_names: list[str]):
        listed = " or ".join(repr(full) for full in full_names)
        super().__init__(
            f"{name!r} is no {label(kind)} of dlkit itself, and bare names mean only those. "
            f"Did you mean {listed}?",
            f"Use the full name: dlkit show {full_names[0]}",
        )


class UnknownWeights(DlkitError, KeyError):
    """The model is known and has no weights of that tag."""

    def __init__(self, model: str, tag: str, known: Iterable[str]):
        known = list(known)
        offered = f"It has: {', '.join(known)}." if known else "It has no published weights."
        super().__init__(
            f"{model!r} has no weights {tag!r}.{suggestion(tag, known)} {offered}",
            f"See its weights: dlkit show {model}",
        )


class WeightsConflict(DlkitError, ValueError):
    """`name@tag` and `weights=` say different things."""

    def __init__(self, name: str, tag: str, weights: object):
        super().__init__(
            f"{name}@{tag} asks for weights {tag!r} and weights={weights!r} for others.",
            f"Say it once: create_model({name + '@' + tag!r})",
        )


class PluginNotInstalled(DlkitError, LookupError):
    """The name's (or the file's) plugin is not in this environment."""

    def __init__(self, wanted: str, distribution: str):
        super().__init__(
            f"{wanted} is in {distribution}, which is not installed.",
            f"Install it: pip install {shlex.quote(distribution)}",
        )


class PluginDisabled(DlkitError, LookupError):
    """The plugin is installed and DLKIT_PLUGINS leaves it out."""

    def __init__(self, wanted: str, distribution: str):
        super().__init__(
            f"{wanted} is in {distribution}, which the environment variable DLKIT_PLUGINS leaves "
            "out.",
            "Let it in: unset DLKIT_PLUGINS",
        )


class PluginBroken(DlkitError, ImportError):
    """The plugin's manifest is wrong, or its code does not import or exits."""

    def __init__(self, wanted: str, plugin: str, cause: str, distribution: str):
        super().__init__(
            f"{wanted} did not load from {plugin}.\n  {cause}",
            f"Diagnose it: dlkit doctor --deep {distribution}",
        )


class PluginIncompatible(DlkitError, ImportError):
    """The plugin speaks another version of the plugin API."""

    def __init__(self, plugin: str, problem: str, distribution: str):
        upgrade = "dlkit-core" if "newer" in problem else distribution
        super().__init__(f"{plugin} {problem}.", f"Upgrade: pip install -U {upgrade}")


class MissingRequirement(DlkitError, ImportError):
    """A distribution that the entry (or the command) needs is missing or too old."""

    def __init__(self, wanted: str, requirement: str, found: str = ""):
        state = f"{found} is installed" if found else "which is not installed"
        super().__init__(
            f"{wanted} needs {requirement}, {'and ' if found else ''}{state}.",
            f'Install it: pip install "{requirement}"',
        )


class DuplicateName(DlkitError, ValueError):
    """Something different stands under that name already."""

    def __init__(self, kind: str, full_name: str, where: str):
        super().__init__(
            f"{label(kind)} {full_name!r} is already registered at {where}.",
            f"Replace it: register_{kind}(…, replace=True)",
        )


class BuildFailed(DlkitError, RuntimeError):
    """The builder raised; the arguments it was given are named."""

    def __init__(self, name: str, kind: str, config: dict, cause: BaseException):
        given = ", ".join(f"{key}={value!r}" for key, value in config.items())
        super().__init__(
            f"{name!r} could not be built with {given or 'its defaults'}.\n"
            f"  {type(cause).__name__}: {cause}",
            f"See what it takes: dlkit show --kind {kind} {name}",
        )


class UnknownOption(UsageError, TypeError):
    """The builder takes no such argument."""

    def __init__(self, name: str, kind: str, option: str, known: Iterable[str]):
        known = list(known)
        super().__init__(
            f"{name!r} takes no option {option!r}.{suggestion(option, known)} "
            f"It takes: {', '.join(known) or 'none'}.",
            f"See what it takes: dlkit show --kind {kind} {name}",
        )


class ModelFileError(DlkitError, ValueError):
    """The file is no `.keras` archive that can be read."""

    def __init__(self, path: str, problem: str):
        super().__init__(
            f"{path}: {problem}",
            "Write such a file: model.save('model.keras')",
        )


class UnsafeFile(DlkitError, ValueError):
    """A file that could do more than give its values; nothing of it was used."""

    def __init__(self, path: str, place: str, reason: str, fix: str):
        where = f"{path}: {place}" if place else path
        super().__init__(f"{where} {reason}; it was not loaded.", fix)


def within(place: object, error: DlkitError) -> DlkitError:
    """The same error, said of a place: the file that the wrong word stands in."""
    return _restore(type(error), f"{place}: {error.message}", error.fix)
