"""The kit as pytest tests."""

import sys

import pytest

import dlkit.testing
from dlkit.registry import errors

REASON = "its weights are published, and counted otherwise"


def params_of(**options):
    mark = dlkit.testing.parametrize_plugin("faulty-nets", **options).mark
    assert mark.name == "parametrize"
    names, params = mark.args
    assert names == "check"
    return {param.id: param for param in params}


def test_every_check_is_a_test(plugin):
    plugin()
    params = params_of()
    assert list(params) == [check.id for check in dlkit.testing.collect("faulty-nets")]
    assert not any(param.marks for param in params.values())
    (check,) = params["net-params_match"].values
    check()


def test_models_and_questions_can_be_chosen(plugin):
    plugin()
    assert list(params_of(names=["n*"], checks=["seeded"])) == ["net-seeded"]


def test_an_expected_failure_has_to_fail(plugin):
    plugin()
    params = params_of(expected_failures={"net-params_match": REASON})
    (mark,) = params["net-params_match"].marks
    assert (mark.name, mark.kwargs) == ("xfail", {"reason": REASON, "strict": True})
    assert not params["net-shapes"].marks


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (
            {"net-param_match": REASON},
            "faulty-nets has no check 'net-param_match'. Did you mean 'net-params_match'?",
        ),
        ({"net-params_match": " "}, "'net-params_match' has no reason."),
        ({"net-params_match": None}, "'net-params_match' has no reason."),
    ],
)
def test_an_exception_names_a_check_and_has_a_reason(plugin, expected, message):
    plugin()
    with pytest.raises(errors.UsageError) as refusal:
        dlkit.testing.parametrize_plugin("faulty-nets", expected_failures=expected)
    assert refusal.value.message == f"expected_failures: {message}"


def test_an_expected_failure_may_be_among_the_checks_not_chosen(plugin):
    plugin()
    params = params_of(checks=["seeded"], expected_failures={"net-params_match": REASON})
    assert list(params) == ["net-seeded"]


def test_without_pytest_the_extra_is_named(plugin, monkeypatch):
    plugin()
    monkeypatch.setitem(sys.modules, "pytest", None)
    with pytest.raises(errors.MissingRequirement, match=r'pip install "dlkit-core\[testing\]"'):
        dlkit.testing.parametrize_plugin("faulty-nets")


def test_importing_the_kit_imports_no_framework():
    from dlkit.testing import process

    code = "import sys, dlkit.testing; print({'keras', 'pytest', 'numpy'} & set(sys.modules))"
    assert process.output(code).strip() == "set()"


def test_a_fresh_interpreter_that_fails_is_reported():
    from dlkit.testing import process

    with pytest.raises(dlkit.testing.CheckFailed, match=r"ended with code 1\n(.|\n)*KeyError: 7"):
        process.output("raise KeyError(7)")
