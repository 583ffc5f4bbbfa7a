"""dlkit: named deep-learning models for Keras 3, and the harness to train them.

```python
import dlkit

model = dlkit.create_model("lenet5", num_classes=10, input_shape=(32, 32, 1))
```

Importing this package loads no framework; each name below is fetched when it is first used.
"""

import importlib

__version__ = "0.1.0"

_HOME = {  # public name -> the module that has it
    "DlkitError": "dlkit.registry",
    "Recipe": "dlkit.train.recipe",
    "Run": "dlkit.train.run",
    "class_names": "dlkit.layers",
    "create": "dlkit.registry",
    "create_model": "dlkit.registry",
    "features": "dlkit.inspection",
    "freeze": "dlkit.inspection",
    "gradcam": "dlkit.inspection",
    "list_models": "dlkit.registry",
    "load_model": "dlkit.registry",
    "model_info": "dlkit.registry",
    "plugins": "dlkit.registry",
    "profile": "dlkit.inspection",
    "refresh": "dlkit.registry",
    "register_model": "dlkit.registry",
    "reset_classifier": "dlkit.inspection",
    "set_class_names": "dlkit.layers",
    "unfreeze": "dlkit.inspection",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'dlkit' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
