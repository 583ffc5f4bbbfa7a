"""Values as one types them after `--set A.B=`: YAML, as a recipe's file has it."""

from typing import Any

import yaml

from dlkit.registry.errors import UsageError
from dlkit.train import yaml_text


def value(text: str) -> Any:
    """The plain value that a text says; what is quoted stays text.

    Raises:
        UsageError: it is no YAML.
    """
    try:
        return yaml.load(text, yaml_text.Loader)
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: day 31 of June
        raise UsageError(f"{text!r} is no YAML value.", "Quote it") from None
