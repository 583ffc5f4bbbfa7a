"""Times as people read them."""

import math
import time

from dlkit.train import durations
from dlkit.train.history.record import Record


def duration(seconds: float) -> str:
    """75.2 as `1 min 15 s`; nothing for what is not known."""
    if not math.isfinite(seconds):
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    hours = round(seconds / 60) // 60
    return durations.whole(seconds) if hours < 48 else f"{hours // 24} days"


def silence(record: Record) -> str:
    """How long ago the run last wrote something: `3 h 5 min`."""
    return duration(max(0.0, time.time() - record.seen)) if record.seen else ""
