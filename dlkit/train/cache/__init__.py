"""Rows decoded once: kept in memory, or in a folder for the next run too.

What is kept is what `fetch` gives, by row and before any augmentation. So the order stays the
stream's, any step can be sought as before, and the batches are the same with and without.
"""

import dataclasses
import os

import tensorflow as tf

from dlkit.data.errors import DataError
from dlkit.data.source import Source
from dlkit.train.cache import files, memory

__all__ = ["MEMORY", "cached"]

MEMORY = "memory"


def cached(source: Source, where: str | os.PathLike | None) -> Source:
    """The same source, whose rows are decoded once.

    Args:
        source: rows of fixed shapes and numbers, such as images of one size and labels.
        where: `memory` keeps each row once it was fetched, for this process; a folder gets all rows
            at once, before the first step, in files that other runs on the same data use again.
            None or "" gives the source back as it is.

    Raises:
        DataError: the rows have no fixed size, do not fit into memory, or (for a folder) the source
            has no fingerprint to tell its data by.
        OSError: the folder cannot be written; nothing half-written stays.

    Example:
        >>> source = cached(image_folder(data="pets"), "memory")
    """
    if not where:
        return source
    for spec in tf.nest.flatten(source.element_spec):
        if spec.dtype == tf.string or not spec.shape[1:].is_fully_defined():
            raise DataError(
                f"{source.name} cannot be cached: its rows are {spec}, not numbers of one shape.",
                "Leave the cache out",
            )
    fetch = memory.fetch(source) if where == MEMORY else files.fetch(source, where)
    return dataclasses.replace(source, fetch=fetch)
