"""Where code is and what it takes, from its text alone."""

import pytest

from dlkit.cli import locate

MODELS = '''"""Models."""
import functools
raise SystemExit("no code may run")


def _net(depth, *, num_classes=10, input_shape=(32, 32, 3), style="keras"):
    """Any depth."""


@functools.cache
def net20(*, num_classes, input_shape=(32, 32, 3), style="keras", **more):
    """Twenty layers."""


net56 = functools.partial(_net, 9, style="torch")


def _family(depth):
    def build(*, num_classes=depth * 2):
        """Made by a factory."""

    return build


net8 = _family(8)
if True:
    from .lower import (
        deep as net110,
    )
from acme_nets.models import circle as circle

class Task:
    def __init__(self, size=3):
        self.size = size

    @classmethod
    def make(cls):
        return cls()

first, second = (lambda *, a=1: a), 2
globals()["hidden"] = 3
'''


@pytest.fixture(autouse=True)
def acme(make_plugin):
    files = {"__init__.py": "raise ImportError('no code may run')", "models.py": MODELS}
    files |= {"lower.py": "async_ = 1\n\ndef deep(width=1): pass\n", "broken.py": "def f(:\n"}
    return make_plugin("acme-nets", "api = 1", files)


@pytest.mark.parametrize(
    ("path", "file", "line", "options"),
    [
        ("_net", "models", 6, {"depth": "", "num_classes": "10", "input_shape": "(32, 32, 3)",
                               "style": "'keras'"}),
        ("net56", "models", 15, {"num_classes": "10", "input_shape": "(32, 32, 3)",
                                 "style": "'torch'"}),
        ("net8", "models", 25, {"num_classes": "depth * 2"}),
        ("net110", "lower", 3, {"width": "1"}),
        ("Task", "models", 32, {"size": "3"}),
        ("Task.make", "models", 37, {"cls": ""}),
        ("circle", "models", 30, None),
        ("first", "models", 40, None),
        ("hidden", "models", 0, None),
    ],
)  # fmt: skip
def test_places(acme, path, file, line, options):
    place = locate.builder(f"acme_nets.models:{path}")
    assert place == locate.Place(f"{acme}/acme_nets/{file}.py", line, options)


def test_places_that_are_none(acme):
    assert locate.builder("nowhere.models:net") is None
    assert locate.builder("acme_nets.nowhere:net") is None
    assert locate.builder("math:sin") is None
    assert locate.builder("acme_nets.broken:f") == locate.Place(f"{acme}/acme_nets/broken.py")
