"""Datasets as random access: sources, splits, image files, augmentations.

A `Source` says what the rows are and how to fetch them; the order in which they are seen is the
stream's business (`dlkit.train.stream`).
"""

from dlkit.data.arrays import from_arrays
from dlkit.data.cardinality import counted
from dlkit.data.errors import DataError
from dlkit.data.source import Source
from dlkit.data.splits import class_weights

__all__ = ["DataError", "Source", "class_weights", "counted", "from_arrays"]
