"""What a notebook or script registers for itself, under `local/`, for this process alone."""

import dataclasses
import functools
import inspect
import numbers
from collections.abc import Callable
from typing import Any

from dlkit.registry import errors, schema, spec

_specs: dict[tuple[str, str], spec.Spec] = {}

_OURS = ("kind", "name", "namespace", "build", "where", "target", "task")  # not the caller's to set


def specs(kind: str) -> tuple[spec.Spec, ...]:
    """What was registered here of that kind, in the order it came."""
    return tuple(entry for (of, _), entry in _specs.items() if of == kind)


def register_model(
    name: str, *, task: str, replace: bool = False, **fields: Any
) -> Callable[[Callable], Callable]:
    """Registers a builder as `local/NAME`, for this process.

    ```python
    @dlkit.register_model("tiny", task="image-classification")
    def tiny(*, num_classes=10, input_shape=(32, 32, 1)):
        return keras.Sequential([...])
    ```

    Running the same cell again changes nothing; a changed builder under a taken name needs
    `replace=True`.

    Args:
        name: letters, digits and `. _ + -`.
        task: the name of a task that some installed plugin (or the core) brings.
        replace: puts the builder in the place of the one that has the name.
        **fields: more of `ModelSpec`, such as `summary`, `input_shape`, `tags`.

    Returns:
        What registers the builder and gives it back: a function, a class, a `functools.partial`
        or anything else that returns a model when it is called.

    Raises:
        UsageError: the name or a field is not one; or, when it is applied, the builder cannot be
            called.
        DlkitError: there is no such task.
        DuplicateName: when it is applied, a different builder has the name.
    """
    from dlkit.registry import resolve  # which knows of what is registered here

    try:
        schema.name(name)
    except schema.Wrong as wrong:
        raise errors.UsageError(f"register_model: {wrong.problem}", "Choose another name") from None
    _check_fields(name, fields)
    facts = fields | {"task": resolve.find("task", task).display_name}

    def register(builder: Callable) -> Callable:
        entry = _spec(name, builder, facts)
        old = _specs.get(("model", name))
        if old is not None and not replace and _imprint(old.target) != _imprint(builder):
            raise errors.DuplicateName("model", old.full_name, old.where)
        _specs["model", name] = entry
        return builder

    return register


def _check_fields(name: str, fields: dict[str, Any]) -> None:
    known = [f.name for f in dataclasses.fields(spec.ModelSpec) if f.name not in _OURS]
    for field in fields:
        if field not in known:
            raise errors.UsageError(
                f"register_model({name!r}): there is no field {field!r}."
                f"{errors.suggestion(field, known)} There are: {', '.join(known)}.",
                "See the fields: help(dlkit.registry.ModelSpec)",
            )


def _spec(name: str, builder: Callable, facts: dict[str, Any]) -> spec.ModelSpec:
    if not callable(builder):
        expected = "a function that returns a model"
        example = f"As in: @dlkit.register_model({name!r}, …) above a function"
        raise errors.WrongType(f"register_model({name!r})", expected, builder, example)
    function = _function(builder)
    owner = function if hasattr(function, "__qualname__") else type(function)
    place = f"{getattr(owner, '__module__', None) or 'builtins'}:{owner.__qualname__}"
    code = getattr(function, "__code__", None)  # classes and what is written in C have none
    return spec.ModelSpec(
        kind="model", name=name, namespace=spec.LOCAL, target=builder, build=place,
        where=f"{code.co_filename}:{code.co_firstlineno}" if code else place,
        **{"params": 0, "variables": 0, "license": ""} | facts,
    )  # fmt: skip


def _function(builder: Callable) -> Callable:
    """What runs in the end, below partials and decorators; of a callable object, `__call__`."""
    while isinstance(builder, functools.partial) or hasattr(builder, "__wrapped__"):
        partial = isinstance(builder, functools.partial)
        builder = builder.func if partial else builder.__wrapped__
    if isinstance(builder, type) or inspect.isroutine(builder):
        return builder
    return type(builder).__call__


def _imprint(value: Any, depth: int = 8) -> Any:
    """What is equal of two values that come from the same text.

    A cell that runs twice makes everything in it anew: a function is known by its code and by
    what it holds, plain data by how it reads, any other object by its type and attributes.
    """
    if depth > 0:  # what a function holds may hold the function
        deeper = functools.partial(_imprint, depth=depth - 1)
        if isinstance(value, tuple | list):
            return [deeper(item) for item in value]
        if isinstance(value, dict):
            return {key: deeper(item) for key, item in value.items()}
        if isinstance(value, functools.partial):
            return deeper((value.func, value.args, value.keywords))
        if hasattr(value, "__wrapped__"):
            return deeper(value.__wrapped__)
        if hasattr(value, "__code__"):
            return value.__code__, deeper(_held(value))
    owner = value if isinstance(value, type) else type(value)
    parts = vars(owner) | getattr(value, "__dict__", {})
    return _glance(value), owner.__qualname__, {name: _glance(part) for name, part in parts.items()}


def _glance(value: Any) -> Any:
    """Of functions the code, of plain data what it reads, of anything else its name or type."""
    if value is None or isinstance(value, str | bytes | numbers.Number):
        return repr(value)
    value = inspect.unwrap(value)  # a static method has its function inside
    named = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return getattr(value, "__code__", None) or named or type(value).__qualname__


def _held(function: Callable) -> tuple:
    """The defaults of a function, what it closes over, and the object that a method is of."""
    cells = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            cells.append(cell.cell_contents)
        except ValueError:  # a variable that has no value yet
            cells.append(None)
    owner = getattr(function, "__self__", None)
    return function.__defaults__, function.__kwdefaults__, cells, owner
