"""The conformance kit: what every plugin has to hold, as tests that its authors run.

```python
import dlkit.testing

@dlkit.testing.parametrize_plugin("acme-nets")
def test_conformance(check):
    check()
```

`dlkit plugin check acme-nets` runs the same checks without pytest.
"""

import importlib

_HOME = {  # each is fetched when first used: the checks import the framework
    "Check": "dlkit.testing.suite",
    "CheckFailed": "dlkit.testing.verdict",
    "Outcome": "dlkit.testing.suite",
    "collect": "dlkit.testing.suite",
    "parametrize_plugin": "dlkit.testing.marks",
    "run": "dlkit.testing.suite",
}

__all__ = ["Check", "CheckFailed", "Outcome", "collect", "parametrize_plugin", "run"]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'dlkit.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
