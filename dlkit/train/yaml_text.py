"""YAML as a recipe may have it: plain values, and no more of them than were written.

`1e-3` is a number here, with which YAML 1.1 asks for a point and a sign; text that looks so is
quoted.

`yaml.safe_load` builds nothing but plain values. But an alias (`*name`) stands for all that its
anchor (`&name`) holds, so nine short lines can mean a billion values, and an anchor can hold
itself: whoever walks through such a table does not come back.
"""

import re
from typing import Any

import yaml

MOST_CHARACTERS = 200_000  # PyYAML reads some 100 kB a second; a recipe has two
MOST_VALUES = 20_000  # with every alias counted as what it stands for


_EXPONENT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$")


class Loader(yaml.SafeLoader):
    """Plain values, `1e-3` among the numbers."""


class Dumper(yaml.SafeDumper):
    """Writes what `Loader` reads as it was."""


for _each in (Loader, Dumper):
    _each.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


class Refused(yaml.MarkedYAMLError):
    """The text is YAML and more than a recipe may hold; `problem` and `problem_mark` say what."""


def load(text: str) -> Any:
    """The plain values that a YAML text holds.

    Raises:
        yaml.YAMLError: it is no YAML, names a type of Python (`!!python/…`), or holds more than a
            recipe may; `problem` says what, and `problem_mark`, where it is known, the place.
        ValueError: a value cannot be, such as the 31st of June.
        RecursionError: it is nested too deep.
    """
    if len(text) > MOST_CHARACTERS:
        limit = f"it has {len(text):,} characters; {MOST_CHARACTERS:,} are read"
        raise Refused(problem=limit)
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _values(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def dump(values: Any, **options) -> str:
    """The YAML text of plain values, keys in their order; `options` are those of `yaml.dump`."""
    return yaml.dump(values, Dumper=Dumper, sort_keys=False, allow_unicode=True, **options)


def _values(node: yaml.Node, counted: dict[int, int | None]) -> int:
    """How many values a node stands for; each node is counted once, whatever leads to it."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in counted:
        counted[id(node)] = None  # being counted: who meets it now is inside it
        parts = [part for pair in node.value for part in pair] if _is_table(node) else node.value
        counted[id(node)] = 1 + sum(_values(part, counted) for part in parts)
    total = counted[id(node)]
    if total is None:
        raise Refused(problem="an alias stands inside its own anchor", problem_mark=node.start_mark)
    if total > MOST_VALUES:
        many = f"its aliases stand for more than {MOST_VALUES:,} values"
        raise Refused(problem=many, problem_mark=node.start_mark)
    return total


def _is_table(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode)
