"""A recipe's YAML file -> its settings, or what is wrong with the file and where."""

import os
import pathlib
import shlex
from typing import Any

import yaml

from dlkit.registry import errors
from dlkit.train import yaml_text

SUFFIXES = (".yaml", ".yml")


def read(path: str | os.PathLike) -> dict[str, Any]:
    """The settings that a file holds; `model` is there and is a name.

    Raises:
        WrongType: it is no path.
        UsageError: the file is not there, is no YAML, or holds no recipe; it names the file.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        example = "As in: dlkit.Recipe.from_yaml('recipe.yaml')"
        raise errors.WrongType("recipe", "the path of a YAML file", path, example)
    path = pathlib.Path(os.fsdecode(path))
    settings = _parsed(path, _text(path))
    begin = "Begin it with a line: model: lenet5"
    if not isinstance(settings, dict) or "model" not in settings:
        told = "model: missing; a recipe is a table with at least a model."
        raise errors.UsageError(f"{path}: {told}", begin)
    if not isinstance(settings["model"], str):
        given = errors.shown(settings["model"])
        raise errors.UsageError(f"{path}: model: expected a model's name, got {given}.", begin)
    for key in settings:
        if not isinstance(key, str):
            raise errors.UsageError(
                f"{path}: there is no setting {key!r}; settings have names of text.",
                "Write lines such as: epochs: 3",
            )
    return settings


def _text(path: pathlib.Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # Windows' editors put a mark before it
    except IsADirectoryError:
        inside = path / "config.yaml"
        fix = f"-c {shlex.quote(str(inside))}" if inside.is_file() else "-c FILE.yaml"
        raise errors.UsageError(f"{path}: is a folder.", f"Give a file: {fix}") from None
    except UnicodeDecodeError:
        raise errors.UsageError(
            f"{path}: is not text in UTF-8, which a recipe is.",
            "Give a YAML file, such as a run's: -c RUN/config.yaml",
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise errors.UsageError(
            f"{path}: cannot be read ({reason}).",
            "Give a YAML file, such as a run's: -c RUN/config.yaml",
        ) from None


def _parsed(path: pathlib.Path, text: str) -> Any:
    try:
        return yaml_text.load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: day 31 of June
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise errors.UsageError(
            f"{path}{line}: is not YAML ({reason}).", "Write lines such as: epochs: 3"
        ) from None
