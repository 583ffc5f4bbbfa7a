"""Callbacks of the harness; each works on anyone's model under plain `model.fit`."""

from dlkit.train.callbacks.checkpoints import Checkpoints
from dlkit.train.callbacks.clock import Clock
from dlkit.train.callbacks.csv_log import CSVLog
from dlkit.train.callbacks.ema import EMA
from dlkit.train.callbacks.interrupts import Interrupted, Interrupts, Terminated
from dlkit.train.callbacks.nan_report import NaNReport
from dlkit.train.callbacks.resumable import resumable
from dlkit.train.callbacks.resume import Resume
from dlkit.train.callbacks.status import Status
from dlkit.train.callbacks.time_limit import TimeLimit

__all__ = [
    "EMA",
    "CSVLog",
    "Checkpoints",
    "Clock",
    "Interrupted",
    "Interrupts",
    "NaNReport",
    "Resume",
    "Status",
    "Terminated",
    "TimeLimit",
    "resumable",
]
