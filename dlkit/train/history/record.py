"""What a run's folder says, as values."""

import dataclasses
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

_ABSENT = object()


@dataclasses.dataclass(frozen=True)
class Record:
    """What a run's folder says.

    Attributes:
        folder: the folder.
        problem: what is wrong with it; empty for a healthy one. The rest is what could be read.
        settings: the recipe by dotted path, `optimizer.learning_rate`.
        env: `env.json`: versions, machine, model, data, command.
        state: `state.json`: status, epochs done, seconds, best.
        kept: the best epoch whose model is there; empty where the one in `state` is to be believed.
        log: the columns of `log.csv`, each (epochs,).
        evaluation: `evaluation.json`; empty before `dlkit eval`.
        seen: when the run last wrote something, in seconds since 1970; 0 where it never did.
        alive: whether a process is training it; None where this machine cannot tell.
    """

    folder: pathlib.Path
    problem: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    env: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    state: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    kept: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    log: Mapping[str, Sequence[float]] = dataclasses.field(default_factory=dict)
    evaluation: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seen: float = 0.0
    alive: bool | None = None

    @property
    def status(self) -> str:
        """`finished`, `diverged`, … as the run wrote it; `running` is looked into.

        * `running`: a process holds the run's lock.
        * `killed`: none does, so it had no chance to write an end.
        * `running?`: nobody can tell from here; `seen` says more.
        * `not begun`: no step was ever trained.
        """
        written = str(self.state.get("status") or "not begun")
        if written != "running":
            return written
        return {True: "running", False: "killed", None: "running?"}[self.alive]

    @property
    def epochs_done(self) -> int:
        """Whole epochs done."""
        done = self.state.get("epochs_done")
        return done if isinstance(done, int) else 0

    @property
    def best(self) -> float:
        """The best monitored value; NaN before there is one."""
        return number(self._best.get("value"))

    @property
    def monitor(self) -> str:
        """The name of the monitored value; empty before there is one."""
        return str(self._best.get("monitor") or "")

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the best value."""
        epoch = self._best.get("epoch")
        return epoch if isinstance(epoch, int) else None

    @property
    def more_is_better(self) -> bool:
        """Which way the monitored value is better: the log shows what was taken for the best."""
        logged = [value for value in self.log.get(self.monitor, ()) if math.isfinite(value)]
        return not logged or number(_table(self.state, "best").get("value")) >= max(logged)

    @property
    def metric(self) -> str:
        """The metric of the evaluation that belongs to the monitored value."""
        metrics = _table(self.evaluation, "metrics")
        name = self.monitor.removeprefix("val_")
        others = [other for other in metrics if other != "loss"] or list(metrics)
        return name if name in metrics else next(iter(others), name)

    @property
    def judged(self) -> float:
        """That metric's value on the evaluation's split; NaN before an evaluation."""
        return number(_table(self.evaluation, "metrics").get(self.metric))

    @property
    def seconds(self) -> float:
        """How long it has trained; NaN where nobody wrote it down."""
        return number(self.state.get("seconds"))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "name": self.folder.name,
            "folder": str(self.folder),
            "status": self.status,
            "epochs_done": self.epochs_done,
            "best": dict(self._best) or None,
            "evaluation": {
                key: self.evaluation[key]
                for key in ("split", "size", "metrics", "baseline")
                if key in self.evaluation
            }
            or None,
            "seconds": self.seconds,
            "started": self.env.get("started"),
            "seen": self.seen,
            "settings": dict(self.settings),
            "problem": self.problem,
        }

    @property
    def _best(self) -> Mapping[str, Any]:
        return self.kept or _table(self.state, "best")


def differing(records: Sequence[Record]) -> list[str]:
    """The recipe's fields in which the records are not all alike, in the recipe's order."""
    known = [record.settings for record in records if record.settings]
    paths = dict.fromkeys(path for settings in known for path in settings)
    return [
        path for path in paths if len({repr(settings.get(path, _ABSENT)) for settings in known}) > 1
    ]


def flat(settings: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted path; an empty table has none."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        inside = isinstance(value, Mapping)
        found.update(flat(value, f"{prefix}{key}.") if inside else {f"{prefix}{key}": value})
    return found


def number(value: Any) -> float:
    """A number as a float, anything else as NaN."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else math.nan


def _table(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = of.get(key)
    return found if isinstance(found, Mapping) else {}
