"""What may vary in a search, as one types it: `1e-4..1e-2` is a range, `none,shift` a choice."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dlkit.registry import errors
from dlkit.registry.errors import UsageError
from dlkit.train import typed, yaml_text
from dlkit.train.recipe import Recipe

EXAMPLE = "As in: --set optimizer.learning_rate=1e-4..1e-2 --set augment=none,shift"
DATA = ("dataset", "data", "data_options")  # fields that say what is trained on
PATHS = ("cache",)  # fields of paths, which depend on where one stands
WIDE = 10  # a range whose ends are so many times apart is searched by its exponent

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*")


@dataclasses.dataclass(frozen=True)
class Range:
    """Every number from `low` to `high`.

    Attributes:
        path: the recipe's field.
        whole: whether it takes whole numbers only.
    """

    path: str
    low: float
    high: float
    whole: bool

    @property
    def is_log(self) -> bool:
        """Whether each power of ten is as likely as the next; else each number is."""
        return self.low > 0 and self.high >= WIDE * self.low

    def tidy(self, value: float) -> float:
        """The value with three figures, which a recipe's reader can take in; inside the range."""
        if self.whole:
            return int(value)
        return min(max(float(f"{value:.3g}"), self.low), self.high)

    def __str__(self) -> str:
        scale = ", by its exponent" if self.is_log else ""
        return f"{self.path}: {self.low:g} to {self.high:g}{scale}"


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of a few values, as the recipe keeps them."""

    path: str
    values: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The values as one types them."""
        listed = yaml_text.dump(list(self.values), default_flow_style=True, width=math.inf)
        return listed.strip()[1:-1]

    def __str__(self) -> str:
        return f"{self.path}: {', '.join(map(str, self.values))}"


Dimension = Range | Choice


def split(pairs: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings as typed, `A.B=SPEC`: the values of those that are fixed, the texts of the others.

    Raises:
        UsageError: one is no such pair, or its value is no YAML.
    """
    fixed, texts = {}, {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        if not equals or not path:
            raise UsageError(f"--set {pair}: expected A.B=SPEC.", EXAMPLE)
        if is_dimension(text):
            texts[path] = text
            continue
        try:
            fixed[path] = typed.value(text)
        except UsageError as error:
            raise errors.within(f"--set {pair}", error) from None
    return fixed, texts


def is_dimension(text: str) -> bool:
    """Whether a setting's text leaves something open."""
    return bool(_RANGE.fullmatch(text)) or len(_listed(text)) > 1


def read(texts: Mapping[str, str], recipe: Recipe) -> list[Dimension]:
    """The dimensions of a search, each held against the recipe's own fields.

    Args:
        texts: path -> range or choice, as typed.
        recipe: what else is trained by.

    Raises:
        UsageError: there is no such field, it does not take such values, or a range is none.
    """
    return [_dimension(path, text, recipe) for path, text in texts.items()]


def points(dimensions: Sequence[Dimension]) -> float:
    """How many settings there are to try; infinite where a number between two may be any."""
    return math.prod(
        len(dim.values) if isinstance(dim, Choice)
        else dim.high - dim.low + 1 if dim.whole
        else math.inf
        for dim in dimensions
    )  # fmt: skip


def value_at(recipe: Recipe, path: str) -> Any:
    """What stands at a dotted path; None where an option is not given."""
    found: Any = recipe
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name)
    return found


def _dimension(path: str, text: str, recipe: Recipe) -> Dimension:
    if path.partition(".")[0] in DATA:
        raise UsageError(
            f"--set {path}: figures on different data are not to be compared.",
            f"Search on one: --set {path}=VALUE",
        )
    ends = _RANGE.fullmatch(text)
    if not ends:
        values = _checked(recipe, path, _listed(text))
        if len({repr(value) for value in values}) < len(values):
            raise UsageError(f"--set {path}={text}: a value stands there twice.", "Say each once")
        return Choice(path, tuple(values))
    low, high = _checked(recipe, path, [_number(end) for end in ends.groups()])
    if not all(isinstance(end, int | float) and math.isfinite(end) for end in (low, high)):
        raise UsageError(f"--set {path}={text}: {path} takes no numbers.", EXAMPLE)
    if not low < high:
        raise UsageError(f"--set {path}={text}: the low end of a range stands first.",
                         f"Turn it round: --set {path}={ends[2]}..{ends[1]}")  # fmt: skip
    return Range(path, low, high, isinstance(low, int) and isinstance(high, int))


def _checked(recipe: Recipe, path: str, values: Sequence[Any]) -> list[Any]:
    """The values as a run's recipe keeps them."""
    recipes = [recipe.replace(**{path: value}) for value in values]
    if path in PATHS:
        from dlkit.train import feeds  # imports TensorFlow; a wrong word is told before

        recipes = [feeds.with_whole_paths(one) for one in recipes]
    return [value_at(one, path) for one in recipes]


def _listed(text: str) -> list[Any]:
    """`none,shift` as YAML has it between brackets, so that a value may be a list itself."""
    try:
        found = typed.value(f"[{text}]")
    except UsageError:
        return [text]
    return found if isinstance(found, list) else [text]


def _number(text: str) -> float:
    return float(text) if re.search(r"[.eE]", text) else int(text)
