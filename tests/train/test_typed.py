"""What is typed after `--set`."""

import pytest

from dlkit.registry.errors import UsageError
from dlkit.train import typed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 1e-3),
        ("-1.5E3", -1500.0),
        (".5e2", 50.0),
        ("5", 5),
        ("[1e-3, {a: 2e4}]", [1e-3, {"a": 2e4}]),
        ("'1e-3'", "1e-3"),
        ("1e", "1e"),
        ("e3", "e3"),
        ("true", True),
        ("", None),
    ],
)
def test_values(text, expected):
    found = typed.value(text)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize("text", ["[", "2025-06-31", "[" * 5000])
def test_what_is_none(text):
    with pytest.raises(UsageError, match="is no YAML value"):
        typed.value(text)
