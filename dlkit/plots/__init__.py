"""Every picture the package draws: plain matplotlib Figures, one theme, no global state.

Example:
    ```python
    from dlkit import plots

    history = model.fit(images, labels, validation_split=0.2).history
    plots.save(plots.curves(history), "curves.png")
    ```
"""

from dlkit.plots.activations import activations
from dlkit.plots.channels import feature_maps, filters
from dlkit.plots.classification import Section, confusions_in_words, per_class, sections
from dlkit.plots.compare import compare
from dlkit.plots.confusion import confusion_matrix, confusions, count, most_confused
from dlkit.plots.curves import curves, learning_rate, series
from dlkit.plots.heat import heat, saliency
from dlkit.plots.images import grid, mistake_tiles, mistakes
from dlkit.plots.lesions import lesions
from dlkit.plots.lr_range import lr_range
from dlkit.plots.style import save
from dlkit.plots.summary import run_summary
from dlkit.plots.time_split import time_split

__all__ = [
    "Section",
    "activations",
    "compare",
    "confusion_matrix",
    "confusions",
    "confusions_in_words",
    "count",
    "curves",
    "feature_maps",
    "filters",
    "grid",
    "heat",
    "learning_rate",
    "lesions",
    "lr_range",
    "mistake_tiles",
    "mistakes",
    "most_confused",
    "per_class",
    "run_summary",
    "saliency",
    "save",
    "sections",
    "series",
    "time_split",
]
