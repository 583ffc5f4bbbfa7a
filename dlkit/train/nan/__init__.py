"""Why a training diverged: the failing step is found, run again eagerly, and asked one by one.

* `rewind` keeps a recent sound state, and replays the steps since then up to the failing one;
* `watch` runs that step eagerly and records what every layer took, gave and was handed back;
* `questions` looks at the record in a fixed order and names the cause;
* `files` writes what was found to a folder.

`dlkit.train.callbacks.NaNReport` is what one puts into `fit`.
"""

from dlkit.train.nan.cause import Cause, Diverged

__all__ = ["Cause", "Diverged"]
