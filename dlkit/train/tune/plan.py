"""What a search is to do, and its two files: `tune.yaml`, and `recipe.yaml` that it varies."""

import dataclasses
import os
import pathlib
import shlex
from collections.abc import Mapping, Sequence

import yaml

from dlkit.registry.errors import UsageError, suggestion
from dlkit.train import atomic, yaml_text
from dlkit.train.folders import RunError
from dlkit.train.recipe import Recipe
from dlkit.train.tune import space
from dlkit.train.tune.adviser import ALGORITHMS, brackets

FILE, RECIPE = "tune.yaml", "recipe.yaml"
TRIALS = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """A search over recipes.

    Attributes:
        recipe: what stays the same.
        space: path -> range or choice, as typed: `{"augment": "none,shift"}`.
        algorithm: `random`, `bayesian` or `hyperband`.
        trials: how many runs at most; by default 10, and for `hyperband` all that it has.
        seed: of what is drawn; each run's own seed is the recipe's.

    Raises:
        UsageError: a value cannot be; it is named.
    """

    recipe: Recipe
    space: Mapping[str, str]
    algorithm: str = "random"
    trials: int | None = None
    seed: int = 0

    def __post_init__(self):
        if self.algorithm not in ALGORITHMS:
            hint = suggestion(str(self.algorithm), ALGORITHMS)
            raise UsageError(f"no algorithm {self.algorithm!r} to search by.{hint}",
                             f"There are: {', '.join(ALGORITHMS)}")  # fmt: skip
        for name, least in (("trials", 1), ("seed", 0)):
            value = getattr(self, name)
            if name == "trials" and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise UsageError(f"{name}: expected a whole number of at least {least}, got "
                                 f"{value!r}.", f"As in: --{name} 10")  # fmt: skip
        if not self.space:
            raise UsageError("nothing to search over: no --set leaves anything open.",
                             space.EXAMPLE)  # fmt: skip
        points = space.points(self.dimensions)  # a wrong range is told here
        trials = TRIALS
        if self.algorithm == "hyperband":
            _check_hyperband(self, points)
            trials = sum(map(sum, brackets(self.recipe.epochs)))
        if self.trials is None:
            object.__setattr__(self, "trials", trials)

    @property
    def dimensions(self) -> Sequence[space.Dimension]:
        """What may vary, held against the recipe's fields."""
        return space.read(self.space, self.recipe)


def _check_hyperband(plan: Plan, points: float) -> None:
    """Refuses a search in which no trial would get more epochs than it began with."""
    if "epochs" in plan.space:
        raise UsageError("hyperband chooses the epochs of each trial itself.",
                         "Give the most that one may have: --epochs 27")  # fmt: skip
    epochs = plan.recipe.epochs
    first = brackets(epochs)[0]
    if len(first) == 1:
        raise UsageError(f"epochs: hyperband gives the best trials more, and of {epochs} there "
                         "are no fewer to begin with.", "Give 3 or more: --epochs 27")  # fmt: skip
    if points < first[0]:
        raise UsageError(
            f"hyperband begins with {first[0]} different trials for {epochs} epochs, and this "
            f"space has {points}.",
            f"Try them all: --search random --trials {points}",
        )
    if plan.trials is not None and plan.trials < sum(first):
        raise UsageError(
            f"trials: hyperband's first bracket for {epochs} epochs has {sum(first)}, and with "
            f"{plan.trials} nothing would be chosen at its end.",
            f"Give it as many: --trials {sum(first)}, or leave --trials out",
        )


def write(folder: str | os.PathLike, plan: Plan) -> None:
    """Writes a plan into its folder; the recipe first, which `tune.yaml` then vouches for."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    whole = {dim.path: dim.text for dim in plan.dimensions if dim.path in space.PATHS}
    rest = {
        "algorithm": plan.algorithm,
        "trials": plan.trials,
        "seed": plan.seed,
        "space": {**plan.space, **whole},
    }
    from dlkit.train import feeds  # imports TensorFlow; a wrong plan is told before

    recipe = feeds.with_whole_paths(plan.recipe)  # the search may go on from another folder
    atomic.write_text(folder / RECIPE, recipe.to_yaml())
    atomic.write_text(folder / FILE, yaml_text.dump(rest))


def read(folder: str | os.PathLike) -> Plan:
    """The plan of a search that was begun.

    Raises:
        RunError: the folder holds no search, or its plan is damaged.
    """
    path = pathlib.Path(folder) / FILE
    try:
        found = yaml_text.load(path.read_text(encoding="utf-8"))
        return Plan(recipe=Recipe.from_yaml(path.with_name(RECIPE)), **found)
    except FileNotFoundError:
        raise RunError(f"{folder} holds no search: it has no {FILE}.",
                       "Begin one: dlkit tune lenet5 --help") from None  # fmt: skip
    except (yaml.YAMLError, OSError, TypeError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path} is damaged ({' '.join(str(error).split())}).",
            f"Restore it, or begin anew: dlkit tune -c {shlex.quote(str(path.with_name(RECIPE)))}",
        ) from None


def is_there(folder: str | os.PathLike) -> bool:
    """Whether a folder holds a search."""
    return (pathlib.Path(folder) / FILE).exists()
