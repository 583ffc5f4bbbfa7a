"""Where a builder's code is and what it takes, read from its file: no plugin code runs.

The module's file is found without importing its parents, the function in the file's syntax tree.
What a tree cannot tell (a name that only running code makes) stays unknown.
"""

import ast
import dataclasses
import pathlib

from dlkit.registry import discovery

_MOST_STEPS = 8  # from file to file behind `from x import y`; a circle ends there


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A place in a file.

    Attributes:
        file: the path.
        line: counted from 1; 0 where only the file is known.
        options: what the function there takes, name -> default as it is written (empty: must be
            given); None where the tree does not tell.
    """

    file: str
    line: int = 0
    options: dict[str, str] | None = None


def builder(target: str) -> Place | None:
    """The place of `module:function`; None where the module's file is not to be found."""
    module, _, path = target.partition(":")
    file = module_file(module)
    if file is None:
        return None
    found = _find(module, path.split("."), _MOST_STEPS)
    if found is None:
        return Place(str(file))
    where, node = found
    return Place(str(where.file), node.lineno, _options(where, node, _MOST_STEPS))


def module_file(name: str) -> pathlib.Path | None:
    """The source file of a dotted module, without importing it or its parents."""
    found = discovery.find_module(name)
    if found is None or not found.has_location or not found.origin.endswith(".py"):
        return None
    return pathlib.Path(found.origin)


@dataclasses.dataclass(frozen=True, slots=True)
class _Source:
    module: str
    file: pathlib.Path
    tree: ast.Module

    def imported_from(self, node: ast.ImportFrom) -> str:
        """The absolute name of the module that a `from … import` in this file names."""
        if not node.level:
            return node.module or ""
        parts = self.module.split(".")
        depth = node.level - (self.file.name == "__init__.py")
        parts = parts[: len(parts) - depth] if depth else parts
        return ".".join([*parts, *([node.module] if node.module else [])])


def _read(module: str) -> _Source | None:
    file = module_file(module)
    if file is None:
        return None
    try:
        return _Source(module, file, ast.parse(file.read_bytes(), str(file)))
    except (OSError, SyntaxError, ValueError):  # `dlkit doctor --deep` tells of these
        return None


def _find(module: str, path: list[str], steps: int) -> tuple[_Source, ast.stmt] | None:
    source = _read(module)
    if source is None or not steps:
        return None
    node = _binding(source.tree.body, path[0])
    if isinstance(node, ast.ImportFrom):
        alias = next(alias for alias in node.names if (alias.asname or alias.name) == path[0])
        further = source.imported_from(node)
        return _find(further, [alias.name, *path[1:]], steps - 1) or (source, node)
    for name in path[1:]:
        node = _binding(node.body, name) if isinstance(node, ast.ClassDef) else None
    return (source, node) if node is not None else None


def _binding(body: list[ast.stmt], name: str) -> ast.stmt | None:
    """The last statement that gives the name a value, also below an `if`, `try` or `with`."""
    found = None
    for node in body:
        if _binds(node, name):
            found = node
        for part in ("body", "orelse", "handlers", "finalbody"):
            inside = [] if _is_scope(node) else getattr(node, part, [])
            found = _binding(inside, name) or found
    return found


def _is_scope(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _binds(node: ast.AST, name: str) -> bool:
    if _is_scope(node):
        return node.name == name
    if isinstance(node, ast.ImportFrom):
        return any((alias.asname or alias.name) == name for alias in node.names)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(
        isinstance(leaf, ast.Name) and leaf.id == name
        for target in targets
        if target is not None
        for leaf in ast.walk(target)
    )


def _options(source: _Source, node: ast.AST, steps: int) -> dict[str, str] | None:
    """What may be said to the thing that a statement or an expression makes."""
    if not steps:
        return None
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        return _arguments(node.args)
    if isinstance(node, ast.ClassDef):
        init = _binding(node.body, "__init__")
        own = _arguments(init.args) if isinstance(init, ast.FunctionDef) else {}
        return None if init is None and node.bases else dict(list(own.items())[1:])
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return _options(source, node.value, steps)
    if isinstance(node, ast.Name):
        found = _find(source.module, [node.id], steps)
        return _options(*found, steps - 1) if found else None
    if isinstance(node, ast.Call):
        return _made_by_call(source, node, steps)
    return None


def _made_by_call(source: _Source, call: ast.Call, steps: int) -> dict[str, str] | None:
    if ast.unparse(call.func) in ("partial", "functools.partial") and call.args:
        inner = _options(source, call.args[0], steps - 1)
        if inner is None:
            return None
        left = dict(list(inner.items())[len(call.args) - 1 :])
        return left | {word.arg: ast.unparse(word.value) for word in call.keywords if word.arg}
    found = _find(source.module, [call.func.id], steps) if isinstance(call.func, ast.Name) else None
    if found is None or not isinstance(found[1], ast.FunctionDef):
        return None
    body = found[1].body  # a factory: it returns a function that is made in it
    returned = [node.value for node in body if isinstance(node, ast.Return)]
    names = {value.id for value in returned if isinstance(value, ast.Name)}
    made = _binding(body, names.pop()) if len(names) == 1 else None
    return _arguments(made.args) if isinstance(made, ast.FunctionDef) else None


def _arguments(given: ast.arguments) -> dict[str, str]:
    positional = [*given.posonlyargs, *given.args]
    required = [""] * (len(positional) - len(given.defaults))
    defaults = [*required, *map(ast.unparse, given.defaults)]
    options = {arg.arg: default for arg, default in zip(positional, defaults, strict=True)}
    for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        options[arg.arg] = "" if default is None else ast.unparse(default)
    return options | ({f"**{given.kwarg.arg}": ""} if given.kwarg else {})
