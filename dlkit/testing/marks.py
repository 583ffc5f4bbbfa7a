"""The checks of a plugin as pytest tests."""

from collections.abc import Iterable, Mapping
from typing import Any

from dlkit.registry import errors


def parametrize_plugin(
    distribution: str,
    *,
    expected_failures: Mapping[str, str] | None = None,
    checks: Iterable[str] | None = None,
    names: Iterable[str] | None = None,
    image_size: int | None = None,
) -> Any:
    """Runs a test function once for every check of an installed plugin.

    ```python
    import dlkit.testing

    @dlkit.testing.parametrize_plugin("acme-nets")
    def test_conformance(check):
        check()
    ```

    Args:
        distribution: as pip knows it.
        expected_failures: check ids, as pytest shows them (`lenet5-params_match`), with the reason
            why each fails and may. Such a test has to fail: one that passes is reported.
        checks: only these questions, e.g. `["params_match", "seeded"]`.
        names: only these models, as shell patterns.
        image_size: builds image models for images of this height and width, see `suite.collect`.

    Returns:
        A decorator for a function that takes `check` and calls it.

    Raises:
        UsageError: an expected failure fits no check, or has no reason.
        PluginNotInstalled: there is no such plugin in this environment.
        MissingRequirement: pytest is not installed.
    """
    try:
        import pytest
    except ImportError:
        raise errors.MissingRequirement(
            "dlkit.testing.parametrize_plugin", "dlkit-core[testing]"
        ) from None
    from dlkit.testing.suite import collect

    reasons = dict(expected_failures or {})
    _hold(reasons, [check.id for check in collect(distribution)], distribution)
    return pytest.mark.parametrize(
        "check",
        [
            pytest.param(
                check,
                id=check.id,
                marks=pytest.mark.xfail(reason=reasons[check.id], strict=True)
                if check.id in reasons
                else (),
            )
            for check in collect(distribution, names=names, checks=checks, image_size=image_size)
        ],
    )


def _hold(reasons: Mapping[str, str], ids: list[str], distribution: str) -> None:
    for key, reason in reasons.items():
        if key not in ids:
            raise errors.UsageError(
                f"expected_failures: {distribution} has no check {key!r}."
                f"{errors.suggestion(key, ids)}",
                f"See its checks: dlkit plugin check {distribution} --list",
            )
        if not isinstance(reason, str) or not reason.strip():
            raise errors.UsageError(
                f"expected_failures: {key!r} has no reason.",
                "Say why it fails and may: a sentence for the next reader",
            )
