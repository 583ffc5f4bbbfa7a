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
from dlkit.train.tune.adviser import ALGORITHMS

FILE, RECIPE = "tune.yaml", "recipe.yaml"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """A search over recipes.

    Attributes:
        recipe: what stays the same.
        space: path -> range or choice, as typed: `{"augment": "none,shift"}`.
        algorithm: `random`, `bayesian` or `hyperband`.
        trials: how many runs at most.
        seed: of what is drawn; each run's own seed is the recipe's.

    Raises:
        UsageError: a value cannot be; it is named.
    """

    recipe: Recipe
    space: Mapping[str, str]
    algorithm: str = "random"
    trials: int = 10
    seed: int = 0

    def __post_init__(self):
        if self.algorithm not in ALGORITHMS:
            hint = suggestion(str(self.algorithm), ALGORITHMS)
            raise UsageError(f"no algorithm {self.algorithm!r} to search by.{hint}",
                             f"There are: {', '.join(ALGORITHMS)}")  # fmt: skip
        for name, least in (("trials", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise UsageError(f"{name}: expected a whole number of at least {least}, got "
                                 f"{value!r}.", f"As in: --{name} 10")  # fmt: skip
        if not self.space:
            raise UsageError("nothing to search over: no --set leaves anything open.",
                             space.EXAMPLE)  # fmt: skip
        if self.algorithm == "hyperband" and "epochs" in self.space:
            raise UsageError("hyperband chooses the epochs of each trial itself.",
                             "Give the most that one may have: --epochs 27")  # fmt: skip
        self.dimensions  # noqa: B018 (a wrong range is told here)

    @property
    def dimensions(self) -> Sequence[space.Dimension]:
        """What may vary, held against the recipe's fields."""
        return space.read(self.space, self.recipe)


def write(folder: str | os.PathLike, plan: Plan) -> None:
    """Writes a plan into its folder; the recipe first, which `tune.yaml` then vouches for."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rest = {
        "algorithm": plan.algorithm,
        "trials": plan.trials,
        "seed": plan.seed,
        "space": dict(plan.space),
    }
    from dlkit.train import feeds  # imports TensorFlow; a wrong plan is told before

    recipe = feeds.with_whole_paths(plan.recipe)  # the search may go on from another folder
    atomic.write_text(folder / RECIPE, recipe.to_yaml())
    atomic.write_text(folder / FILE, yaml.safe_dump(rest, sort_keys=False, allow_unicode=True))


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
