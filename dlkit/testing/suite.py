"""An installed plugin -> the checks that it has to pass."""

import dataclasses
import fnmatch
import time
from collections.abc import Callable, Iterable, Iterator

from dlkit import registry
from dlkit.registry import errors, resolve, spec
from dlkit.testing import tasks
from dlkit.testing.checks import plugin as of_plugin
from dlkit.testing.checks import structure
from dlkit.testing.subject import Bench
from dlkit.testing.verdict import CheckFailed


@dataclasses.dataclass(frozen=True)
class Check:
    """One question put to a plugin or to one of its models; call it to ask.

    Attributes:
        name: the question, such as `params_match`.
        model: the model's bare name; empty where the plugin as a whole is asked.
        function: raises `CheckFailed`, or whatever the plugin's own code raises.
    """

    name: str
    model: str
    function: Callable[[], None] = dataclasses.field(repr=False)

    @property
    def id(self) -> str:
        """`lenet5-params_match`, as pytest shows it; of the plugin as a whole, the name alone."""
        return f"{self.model}-{self.name}" if self.model else self.name

    def __call__(self) -> None:
        """Asks; raises if the answer is no."""
        __tracebackhide__ = True
        self.function()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a check ended: `reason` is empty if it passed."""

    check: Check
    reason: str
    seconds: float


def collect(
    distribution: str,
    *,
    names: Iterable[str] | None = None,
    checks: Iterable[str] | None = None,
    image_size: int | None = None,
) -> list[Check]:
    """The checks of an installed plugin, its own first, then model by model.

    Args:
        distribution: as pip knows it, e.g. `dlkit-vision`.
        names: only these models, as shell patterns on their bare names; the plugin's own checks
            are then left out unless `checks` asks for them.
        checks: only these questions, e.g. `["params_match", "seeded"]`.
        image_size: builds image models for images of this height and width, which is quicker where
            theirs are large. `params_match`, whose answer depends on it, is left out.

    Raises:
        PluginNotInstalled, PluginDisabled: there is nothing to check.
        UsageError: a pattern fits no model, there is no such check, or no such size.
    """
    plugin = registry.index().plugin(distribution)
    if plugin is None or plugin.state == "disabled":
        plugin = resolve.require(registry.index(), distribution, f"plugin {distribution!r}")
    if image_size is not None and image_size < 1:
        raise errors.UsageError(
            f"image_size is a number of pixels, not {image_size!r}.",
            "Leave it out to check models at their own size",
        )
    found = _all(plugin, image_size)
    if names is not None:
        found = _named(found, list(names), distribution, keep_own=checks is not None)
    if checks is not None:
        known = {check.name for check in found}
        for name in (checks := list(checks)):
            if name not in known:
                raise _no(name, "check", known, distribution)
    return [check for check in found if checks is None or check.name in checks]


def run(checks: Iterable[Check]) -> Iterator[Outcome]:
    """Asks every question, and tells how each ended as soon as it has."""
    for check in checks:
        start = time.perf_counter()
        try:
            check()
            reason = ""
        except CheckFailed as failure:
            reason = str(failure)
        except Exception as error:  # noqa: BLE001 (a plugin's code may raise anything)
            reason = f"{type(error).__name__}: {error}"
        yield Outcome(check, reason, time.perf_counter() - start)


def _all(plugin: spec.Plugin, image_size: int | None) -> list[Check]:
    own = of_plugin.ALL if plugin.state == "ok" else (of_plugin.manifest,)
    found = [_bind(function, "", plugin) for function in own]
    bench = Bench()
    for entry in plugin.specs:
        if isinstance(entry, spec.ModelSpec):
            found += _of_model(entry, bench, image_size)
    return found


def _of_model(entry: spec.ModelSpec, bench: Bench, image_size: int | None) -> list[Check]:
    row, config = tasks.row(entry.task), {}
    checks = row.checks
    if image_size is not None and entry.input_shape:
        shape = (image_size, image_size, entry.input_shape[-1])
        entry, config = dataclasses.replace(entry, input_shape=shape), {"input_shape": shape}
        checks = [function for function in checks if function is not structure.params_match]
    subject = row.subject(entry, bench, **config)
    return [_bind(function, entry.name, subject) for function in checks]


def _bind(function: Callable, model: str, argument: object) -> Check:
    return Check(function.__name__, model, lambda: function(argument))


def _named(
    found: list[Check], patterns: list[str], distribution: str, keep_own: bool
) -> list[Check]:
    models = {check.model for check in found if check.model}
    for pattern in patterns:
        if not fnmatch.filter(models, pattern):
            raise _no(pattern, "model", models, distribution)
    return [
        check
        for check in found
        if (keep_own and not check.model)
        or any(check.model and fnmatch.fnmatchcase(check.model, pattern) for pattern in patterns)
    ]


def _no(word: str, what: str, known: Iterable[str], distribution: str) -> errors.UsageError:
    return errors.UsageError(
        f"{distribution} has no {what} {word!r}.{errors.suggestion(word, known)}",
        f"See its checks: dlkit plugin check {distribution} --list",
    )
