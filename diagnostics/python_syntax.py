"""What Python's syntax tree says about names: what is assigned to them, and what calls give to parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from diagnostics.python_scopes import Function

Pair = tuple[ast.expr, ast.expr]


def arguments_of(call: ast.Call, function: Function) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters that a call gives, with their values."""
    parameters = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if isinstance(call.func, ast.Attribute) and parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    yield from zip(parameters, call.args, strict=False)
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg, keyword.value


def called_name(node: ast.Call) -> str:
    """Return the name of the function or method that is called."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def holder_of(node: ast.Call) -> str:
    """Return `widgets` for a call of `dbutils.widgets.get`, `conf` for `conf.get`; nothing for a plain function."""
    value = node.func.value if isinstance(node.func, ast.Attribute) else None
    if isinstance(value, ast.Attribute):
        return value.attr
    return value.id if isinstance(value, ast.Name) else ""


def pairs_of(node: ast.Dict) -> list[Pair]:
    """Return the entries of a literal dict."""
    return [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]


def targets_of(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Match names with values: `a, b = "x", "y"`, `for name, ddl in [("a", "…")]`, `self.a = "x"`."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute):
        yield target.attr, value
    elif isinstance(target, ast.Tuple | ast.List):
        values = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
        for one, part in zip(target.elts, values, strict=False):
            yield from targets_of(one, part)
