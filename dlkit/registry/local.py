"""What a notebook or script registers for itself, under `local/`, for this process alone."""

import inspect
from collections.abc import Callable
from typing import Any

from dlkit.registry import errors, schema, spec

_specs: dict[tuple[str, str], spec.Spec] = {}


def specs(kind: str) -> tuple[spec.Spec, ...]:
    """What was registered here of that kind, in the order it came."""
    return tuple(entry for (of, _), entry in _specs.items() if of == kind)


def register_model(
    name: str, *, task: str, replace: bool = False, **fields: Any
) -> Callable[[Callable], Callable]:
    """Registers a builder function as `local/NAME`, for this process.

    ```python
    @dlkit.register_model("tiny", task="image-classification")
    def tiny(*, num_classes=10, input_shape=(32, 32, 1)):
        return keras.Sequential([...])
    ```

    Running the same cell again changes nothing; a changed function under a taken name needs
    `replace=True`.

    Args:
        name: letters, digits and `. _ + -`.
        task: the name of a registered task.
        replace: puts the function in the place of the one that has the name.
        **fields: more of `ModelSpec`, such as `summary`, `input_shape`, `tags`.

    Raises:
        DuplicateName: a different function has the name.
        ValueError: the name or a field is not one.
    """
    try:
        schema.name(name)
    except schema.Wrong as wrong:
        raise errors.UsageError(f"register_model: {wrong.problem}", "Choose another name") from None

    def register(builder: Callable) -> Callable:
        entry = _spec(name, task, builder, fields)
        old = _specs.get(("model", name))
        if old is not None and not replace and not _same(old.target, builder):
            raise errors.DuplicateName("model", old.full_name, old.where)
        _specs["model", name] = entry
        return builder

    return register


def _spec(name: str, task: str, builder: Callable, fields: dict[str, Any]) -> spec.ModelSpec:
    known = {"params": 0, "variables": 0, "license": ""} | fields
    code = inspect.unwrap(builder).__code__
    try:
        return spec.ModelSpec(
            kind="model", name=name, namespace=spec.LOCAL, task=task, target=builder,
            build=f"{builder.__module__}:{builder.__qualname__}",
            where=f"{code.co_filename}:{code.co_firstlineno}", **known,
        )  # fmt: skip
    except TypeError as error:
        raise errors.UsageError(
            f"register_model({name!r}): {error}", "See the fields: help(dlkit.registry.ModelSpec)"
        ) from None


def _same(old: Callable | None, new: Callable) -> bool:
    """Whether two functions come from the same text: a cell run twice gives equal code."""
    if old is None:
        return False
    one, two = inspect.unwrap(old), inspect.unwrap(new)
    return (one.__code__, one.__defaults__, one.__kwdefaults__) == (
        two.__code__, two.__defaults__, two.__kwdefaults__,
    )  # fmt: skip
