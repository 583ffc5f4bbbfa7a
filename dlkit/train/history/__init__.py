"""Runs of the past and the present, read from their folders alone and without a framework.

A run may be half-written, damaged, or be training at this very moment: what can be read is read,
and what cannot is said.
"""

from dlkit.train.history.folder import groups, is_run, kept_best, listing, read
from dlkit.train.history.record import Record, differing, flat, number
from dlkit.train.history.words import duration, silence

__all__ = [
    "Record", "differing", "duration", "flat", "groups", "is_run", "kept_best", "listing", "number",
    "read", "silence",
]  # fmt: skip
