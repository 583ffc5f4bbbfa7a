"""Values as one types them after `--set A.B=`: YAML, in which `1e-3` is a number too."""

import re
from typing import Any

import yaml

from dlkit.registry.errors import UsageError

_EXPONENT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$")


class _Loader(yaml.SafeLoader):
    """Takes an exponent without a point or a sign for a number, which YAML 1.1 does not."""


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


def value(text: str) -> Any:
    """The plain value that a text says; what is quoted stays text.

    Raises:
        UsageError: it is no YAML.
    """
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: day 31 of June
        raise UsageError(f"{text!r} is no YAML value.", "Quote it") from None
