"""The training log as a CSV file that is whole after every epoch."""

import csv
import io
import math
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import keras

from dlkit.train import atomic


class CSVLog(keras.callbacks.Callback):
    """Writes one row an epoch: `epoch`, then every logged value, in alphabetical order.

    The file is replaced as a whole, so that a crash leaves every finished epoch's row.

    Args:
        path: the file.
        rows: rows of epochs that came before, when a run goes on.
    """

    def __init__(self, path: str | os.PathLike, rows: Sequence[dict[str, Any]] = ()):
        super().__init__()
        self.path = pathlib.Path(path)
        self.rows = [
            {name: math.nan if value is None else value for name, value in row.items()}
            for row in rows
        ]

    def on_epoch_end(self, epoch, logs=None):
        """Adds the epoch's row."""
        values = {name: float(value) for name, value in sorted((logs or {}).items())}
        self.rows = [row for row in self.rows if row["epoch"] < epoch + 1]
        self.rows.append({"epoch": epoch + 1, **values})
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, restval="nan", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        atomic.write_text(self.path, text.getvalue())
